using Microsoft.AspNetCore.Http;

namespace Sidecar.TestKit.Apps;

/// <summary>The health of a <see cref="MisbehavingApp"/>, as grpc.health.v1 tells it; its status changes on command.</summary>
public sealed class HealthDesk
{
    /// <summary>SERVING.</summary>
    public const int Serving = 1;

    /// <summary>NOT_SERVING.</summary>
    public const int NotServing = 2;

    /// <summary>SERVICE_UNKNOWN.</summary>
    public const int ServiceUnknown = 3;

    private readonly Lock gate = new();
    private TaskCompletionSource changed = New();
    private int status;

    /// <param name="status">What it says at first.</param>
    public HealthDesk(int status) => this.status = status;

    /// <summary>False: it knows Check alone.</summary>
    public bool HasWatch { get; init; } = true;

    /// <summary>The last name that was asked for.</summary>
    public string? Asked { get; private set; }

    /// <summary>How often it was asked by Watch, by Check.</summary>
    public (int Watches, int Checks) Count { get; private set; }

    /// <summary>Says this from now on.</summary>
    public void Say(int next)
    {
        TaskCompletionSource before;
        lock (gate)
        {
            (before, changed, status) = (changed, New(), next);
        }

        before.SetResult();
    }

    /// <summary>Answers one call.</summary>
    public async Task AnswerAsync(HttpContext context)
    {
        var isWatch = context.Request.Path.Value!.EndsWith("/Watch", StringComparison.Ordinal);
        if (isWatch && !HasWatch)
        {
            await Answers.Status(Grpc.Core.StatusCode.Unimplemented, "")(context);
            return;
        }

        var request = await Answers.ReadMessageAsync(context);
        Asked = request.Length > 2 ? System.Text.Encoding.UTF8.GetString(request.AsSpan(2)) : "";
        Count = (Count.Watches + (isWatch ? 1 : 0), Count.Checks + (isWatch ? 0 : 1));
        context.Response.ContentType = "application/grpc";
        do
        {
            Task next;
            byte[] message;
            lock (gate)
            {
                (next, message) = (changed.Task, [8, (byte)status]);
            }

            await Answers.WriteMessageAsync(context, message);
            if (!isWatch)
            {
                break;
            }

            await context.Response.Body.FlushAsync();
            await next.WaitAsync(context.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        while (!context.RequestAborted.IsCancellationRequested);

        context.Response.AppendTrailer("grpc-status", "0");
    }

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
