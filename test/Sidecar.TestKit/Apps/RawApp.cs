using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace Sidecar.TestKit.Apps;

/// <summary>What a <see cref="RawApp"/> does with each connection.</summary>
public enum RawBehaviour
{
    /// <summary>Resets the connection as soon as it is there.</summary>
    ResetOnConnect,

    /// <summary>Takes a request whole, then resets the connection.</summary>
    ResetAfterRequest,

    /// <summary>Says of every request that it was refused, unprocessed.</summary>
    RefuseStream,

    /// <summary>Closes down with GOAWAY before the first request counts.</summary>
    GoAwayUnprocessed,

    /// <summary>Announces its end with GOAWAY, takes the request all the same, then closes without an answer.</summary>
    GoAwayThenClose,

    /// <summary>Takes a request whole, begins to answer, then closes.</summary>
    CloseAfterResponseHeaders,

    /// <summary>Accepts, and says nothing, ever.</summary>
    Silent,
}

/// <summary>Speaks just enough HTTP/2, frame by frame, to fail in ways that no server library fails in.</summary>
public sealed class RawApp : IAsyncDisposable
{
    private const int PrefaceBytes = 24;
    private const int FrameHeaderBytes = 9;
    private const byte DataFrame = 0;
    private const byte HeadersFrame = 1;
    private const byte ResetFrame = 3;
    private const byte SettingsFrame = 4;
    private const byte GoAwayFrame = 7;
    private const byte EndStreamFlag = 1;
    private const byte EndHeadersFlag = 4;
    private const int RefusedStream = 7;

    // HPACK: ":status: 200" from the static table, then a literal "content-type: application/grpc".
    private static readonly byte[] GrpcResponseHeaders =
        [0x88, 0x0f, 0x10, (byte)"application/grpc".Length, .. "application/grpc"u8];

    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource stopping = new();
    private readonly RawBehaviour behaviour;
    private readonly Task serving;

    /// <summary>Starts it.</summary>
    public RawApp(RawBehaviour behaviour)
    {
        this.behaviour = behaviour;
        listener.Start();
        Address = listener.LocalEndpoint.ToString()!;
        serving = ServeAsync();
    }

    /// <summary>Where it listens, as the agent is told.</summary>
    public string Address { get; }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        listener.Dispose();
        await serving;
        stopping.Dispose();
    }

    private async Task ServeAsync()
    {
        var connections = new List<Task>();
        try
        {
            while (true)
            {
                connections.Add(TalkAsync(await listener.AcceptSocketAsync(stopping.Token)));
            }
        }
        catch (OperationCanceledException)
        {
            await Task.WhenAll(connections);
        }
    }

    private async Task TalkAsync(Socket socket)
    {
        using var owned = socket;
        // Closing then sends a reset rather than an orderly end.
        socket.LingerState = new LingerOption(true, 0);
        try
        {
            if (behaviour == RawBehaviour.ResetOnConnect)
            {
                return;
            }

            await using var stream = new NetworkStream(socket, ownsSocket: false);
            await stream.ReadExactlyAsync(new byte[PrefaceBytes], stopping.Token);
            if (behaviour == RawBehaviour.Silent)
            {
                await stream.CopyToAsync(Stream.Null, stopping.Token);
                return;
            }

            await WriteFrameAsync(stream, SettingsFrame, 0, []);
            await AnswerFramesAsync(stream);
        }
        catch (Exception gone) when (gone is IOException or OperationCanceledException)
        {
            // The caller, or the test, has gone.
        }
    }

    private async Task AnswerFramesAsync(NetworkStream stream)
    {
        var header = new byte[FrameHeaderBytes];
        while (true)
        {
            await stream.ReadExactlyAsync(header, stopping.Token);
            var length = (header[0] << 16) | (header[1] << 8) | header[2];
            await stream.ReadExactlyAsync(new byte[length], stopping.Token);
            var streamId = BinaryPrimitives.ReadInt32BigEndian(header.AsSpan(5));
            var ended = header[3] == DataFrame && (header[4] & EndStreamFlag) != 0;
            switch (behaviour)
            {
                case RawBehaviour.ResetAfterRequest when ended:
                    return;
                case RawBehaviour.GoAwayThenClose when ended:
                    await WriteFrameAsync(stream, GoAwayFrame, 0, Words(int.MaxValue, 0));
                    await CloseOrderlyAsync(stream);
                    return;
                case RawBehaviour.CloseAfterResponseHeaders when ended:
                    await WriteFrameAsync(stream, HeadersFrame, streamId, GrpcResponseHeaders, EndHeadersFlag);
                    await CloseOrderlyAsync(stream);
                    return;
                case RawBehaviour.RefuseStream when ended:
                    await WriteFrameAsync(stream, ResetFrame, streamId, Words(RefusedStream));
                    break;
                case RawBehaviour.GoAwayUnprocessed when header[3] == HeadersFrame:
                    await WriteFrameAsync(stream, GoAwayFrame, 0, Words(0, 0));
                    break;
            }
        }
    }

    private static byte[] Words(params int[] values)
    {
        var bytes = new byte[values.Length * sizeof(int)];
        for (var index = 0; index < values.Length; index++)
        {
            BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(index * sizeof(int)), values[index]);
        }

        return bytes;
    }

    // The end of the stream reaches the caller before the reset does.
    private async Task CloseOrderlyAsync(NetworkStream stream)
    {
        stream.Socket.Shutdown(SocketShutdown.Send);
        await stream.CopyToAsync(Stream.Null, stopping.Token);
    }

    private async Task WriteFrameAsync(NetworkStream stream, byte type, int streamId, byte[] payload, byte flags = 0)
    {
        var frame = new byte[FrameHeaderBytes + payload.Length];
        frame[2] = (byte)payload.Length;
        frame[3] = type;
        frame[4] = flags;
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(5), streamId);
        payload.CopyTo(frame, FrameHeaderBytes);
        await stream.WriteAsync(frame, stopping.Token);
    }
}
