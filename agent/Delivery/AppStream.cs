using System.Net.Sockets;

namespace Sidecar.Agent.Delivery;

/// <summary>The connection was lost before the application had sent anything: it has taken no call.</summary>
internal sealed class NeverAnsweredException(Exception? cause) : IOException("the application never answered", cause);

/// <summary>
/// One connection to the application. It tells a connection that was lost from one that never came to life, such as a
/// proxy's whose application is down: an HTTP/2 server sends its settings before it takes a call.
/// </summary>
internal sealed class AppStream(Socket socket) : NetworkStream(socket, ownsSocket: true)
{
    private volatile bool answered;

    /// <inheritdoc/>
    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        answered || buffer.IsEmpty
            ? base.ReadAsync(buffer, cancellationToken)
            : ReadFirstAsync(buffer, cancellationToken);

    /// <inheritdoc/>
    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) =>
        answered ? base.WriteAsync(buffer, cancellationToken) : WriteEarlyAsync(buffer, cancellationToken);

    private async ValueTask<int> ReadFirstAsync(Memory<byte> buffer, CancellationToken cancellation)
    {
        var read = 0;
        try
        {
            read = await base.ReadAsync(buffer, cancellation);
        }
        catch (Exception lost) when (lost is IOException or ObjectDisposedException && !answered)
        {
            throw new NeverAnsweredException(lost);
        }

        answered = read > 0;
        return answered ? read : throw new NeverAnsweredException(null);
    }

    private async ValueTask WriteEarlyAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellation)
    {
        try
        {
            await base.WriteAsync(buffer, cancellation);
        }
        catch (Exception lost) when (lost is IOException or ObjectDisposedException && !answered)
        {
            // What has come may not have been read yet; then the application may have taken a call. (A stream that is
            // disposed already was given up for the same reason by its other side.)
            answered = lost is IOException && Socket.Available > 0;
            if (answered)
            {
                throw;
            }

            throw new NeverAnsweredException(lost);
        }
    }
}
