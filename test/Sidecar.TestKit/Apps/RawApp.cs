using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace Sidecar.TestKit.Apps;

/// <summary>What a <see cref="RawApp"/> does with each connection.</summary>
public enum RawBehaviour
{
    /// <summary>Resets the connection as soon as it is there.</summary>
    ResetOnConnect,

    /// <summary>Closes the connection as soon as it is there, as a proxy does that has no backend.</summary>
    CloseOnConnect,

    /// <summary>Takes a request whole, then resets the connection.</summary>
    ResetAfterRequest,

    /// <summary>Says of every request that it was refused, unprocessed.</summary>
    RefuseStream,

    /// <summary>Closes down with GOAWAY, and excludes the request that it was sent.</summary>
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
    private const byte AckFlag = 1;
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
        await serving;
        listener.Dispose();
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
            if (behaviour == RawBehaviour.CloseOnConnect)
            {
                await CloseOrderlyAsync(stream);
                return;
            }

            await stream.ReadExactlyAsync(new byte[PrefaceBytes], stopping.Token);
            if (behaviour == RawBehaviour.Silent)
            {
                await stream.CopyToAsync(Stream.Null, stopping.Token);
                return;
            }

            await WriteFrameAsync(stream, SettingsFrame, 0, []);
            await AnswerFramesAsync(stream);
        }
        catch (Exception gone) when (gone is IOException or SocketException or OperationCanceledException)
        {
            // The caller, or the test, has gone.
        }
    }

    private async Task AnswerFramesAsync(NetworkStream stream)
    {
        // Each behaviour waits until the caller has read our settings: before that, it takes a lost connection for one
        // that was never made.
        var acknowledged = false;
        var request = 0;
        var header = new byte[FrameHeaderBytes];
        while (true)
        {
            await stream.ReadExactlyAsync(header, stopping.Token);
            var length = (header[0] << 16) | (header[1] << 8) | header[2];
            await stream.ReadExactlyAsync(new byte[length], stopping.Token);
            var streamId = BinaryPrimitives.ReadInt32BigEndian(header.AsSpan(5));
            acknowledged |= header[3] == SettingsFrame && (header[4] & AckFlag) != 0;
            if (header[3] == DataFrame && (header[4] & EndStreamFlag) != 0)
            {
                request = streamId;
            }

            if (request == 0 || !acknowledged)
            {
                continue;
            }

            switch (behaviour)
            {
                case RawBehaviour.ResetAfterRequest:
                    return;
                case RawBehaviour.GoAwayThenClose:
                    await WriteFrameAsync(stream, GoAwayFrame, 0, Words(int.MaxValue, 0));
                    await CloseOrderlyAsync(stream);
                    return;
                case RawBehaviour.CloseAfterResponseHeaders:
                    await WriteFrameAsync(stream, HeadersFrame, request, GrpcResponseHeaders, EndHeadersFlag);
                    await CloseOrderlyAsync(stream);
                    return;
                case RawBehaviour.RefuseStream:
                    await WriteFrameAsync(stream, ResetFrame, request, Words(RefusedStream));
                    break;
                case RawBehaviour.GoAwayUnprocessed:
                    await WriteFrameAsync(stream, GoAwayFrame, 0, Words(0, 0));
                    break;
            }

            request = 0;
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
