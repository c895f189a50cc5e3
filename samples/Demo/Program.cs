using System.Runtime.InteropServices;
using Sidecar.Demo;
using Sidecar.Demo.Narration;
using Sidecar.Demo.Processes;

const int right = 0;
const int wrong = 1;
const int badArguments = 2;
const int interrupted = 130;

DemoOptions options;
try
{
    options = DemoOptions.Parse(args);
}
catch (DemoFailedException error)
{
    Console.Error.WriteLine(error.Message);
    return badArguments;
}

if (options.Help)
{
    Console.WriteLine(DemoOptions.Usage);
    return right;
}

using var stop = new CancellationTokenSource();
using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
using var narrator = new Narrator(TimeProvider.System);
try
{
    await using var demonstration = new Demonstration(options, new Programs(options.Published), narrator);
    return await demonstration.RunAsync(stop.Token) ? right : wrong;
}
catch (DemoFailedException error)
{
    narrator.Fail(error.Message);
    return wrong;
}
catch (OperationCanceledException) when (stop.IsCancellationRequested)
{
    narrator.Say("Stopped; everything that was started has ended.");
    return interrupted;
}
finally
{
    if (options.Svg is { } path)
    {
        narrator.SaveSvg(path);
    }
}

void Stop(PosixSignalContext signal)
{
    signal.Cancel = true;
    stop.Cancel();
}
