using System.Runtime.InteropServices;

namespace Sidecar.OutboxRelay.Commands;

/// <summary>SIGINT and SIGTERM end a long command in order: it says how far it came.</summary>
internal sealed class Interrupt : IDisposable
{
    private readonly PosixSignalRegistration[] signals;

    public Interrupt(CancellationTokenSource stop) =>
        signals = [On(PosixSignal.SIGINT, stop), On(PosixSignal.SIGTERM, stop)];

    public void Dispose() => Array.ForEach(signals, signal => signal.Dispose());

    private static PosixSignalRegistration On(PosixSignal signal, CancellationTokenSource stop) =>
        PosixSignalRegistration.Create(signal, context =>
        {
            context.Cancel = true;
            stop.Cancel();
        });
}
