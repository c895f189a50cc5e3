using Grpc.Core;
using Sidecar.Agent.Health;
using Sidecar.TestKit;
using Sidecar.TestKit.Apps;

namespace Sidecar.Agent.Tests.Health;

internal sealed class HealthProbeTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    [Test]
    public async Task A_watch_tells_every_change_as_it_comes()
    {
        await using var app = await MisbehavingApp.StartAsync();
        var desk = new HealthDesk(HealthDesk.NotServing);
        app.Health = desk.AnswerAsync;
        var told = new List<HealthSign>();
        using var stop = new CancellationTokenSource();
        using var probe = Probe(app.Address);
        var watching = probe.WatchAsync(
            look =>
            {
                lock (told) told.Add(look.Sign);
            },
            stop.Token);
        await HasAsync(told, 1);
        desk.Say(HealthDesk.Serving);
        await HasAsync(told, 2);
        desk.Say(HealthDesk.NotServing);
        await HasAsync(told, 3);
        await stop.CancelAsync();
        await watching;

        Assert.That(told, Is.EqualTo([HealthSign.NotServing, HealthSign.Serving, HealthSign.NotServing]));
        Assert.That(desk.Asked, Is.Empty);
    }

    [Test]
    public async Task The_name_of_a_service_is_asked_for()
    {
        await using var app = await MisbehavingApp.StartAsync();
        var desk = new HealthDesk(HealthDesk.ServiceUnknown) { HasWatch = false };
        app.Health = desk.AnswerAsync;
        using var probe = new HealthProbe(new HealthTarget(app.Address, new HealthSetting(HealthMode.Grpc, "a.B")), TimeProvider.System);

        Assert.That((await probe.WatchAsync(_ => { }, default)).Sign, Is.EqualTo(HealthSign.Unsupported));
        var look = await probe.CheckAsync(default);
        Assert.That((look.Sign, desk.Asked), Is.EqualTo((HealthSign.UnknownService, "a.B")));
        Assert.That(look.Detail, Does.Contain("a.B"));
    }

    [TestCase(StatusCode.Unimplemented, HealthSign.Unsupported)]
    [TestCase(StatusCode.PermissionDenied, HealthSign.Unsupported)]
    [TestCase(StatusCode.Unauthenticated, HealthSign.Unsupported)]
    [TestCase(StatusCode.NotFound, HealthSign.UnknownService)]
    [TestCase(StatusCode.Unavailable, HealthSign.NotServing)]
    [TestCase(StatusCode.Internal, HealthSign.Slow)]
    [TestCase(StatusCode.ResourceExhausted, HealthSign.Slow)]
    public async Task A_status_is_read_the_same_by_both_methods(StatusCode status, HealthSign expected)
    {
        await using var app = await MisbehavingApp.StartAsync();
        app.Health = Answers.Status(status, "no");
        using var probe = Probe(app.Address);
        Assert.That((await probe.WatchAsync(_ => { }, default)).Sign, Is.EqualTo(expected));
        Assert.That((await probe.CheckAsync(default)).Sign, Is.EqualTo(expected));
    }

    [Test]
    public async Task Nobody_there_is_absent_in_every_way_to_ask()
    {
        using var probe = Probe(MisbehavingApp.FreeAddress());
        var looks = new[]
        {
            await probe.WatchAsync(_ => { }, default), await probe.CheckAsync(default), await probe.ConnectAsync(default),
        };
        Assert.That(looks.Select(look => look.Sign), Is.All.EqualTo(HealthSign.Absent));
        Assert.That(looks[0].Detail, Does.Contain("nothing answers at"));
    }

    [Test]
    public async Task An_answer_that_never_comes_is_slow()
    {
        await using var app = await MisbehavingApp.StartAsync();
        app.Health = Answers.Hang();
        using var probe = Probe(app.Address);
        Assert.That((await probe.WatchAsync(_ => { }, default)).Sign, Is.EqualTo(HealthSign.Slow));
        Assert.That((await probe.CheckAsync(default)).Sign, Is.EqualTo(HealthSign.Slow));
        Assert.That((await probe.ConnectAsync(default)).Sign, Is.EqualTo(HealthSign.Serving), "it listens");
    }

    [Test]
    public async Task What_listens_and_does_not_speak_gRPC_is_asked_by_a_connection()
    {
        await using var app = await MisbehavingApp.StartAsync();
        app.Health = Answers.Http(200, "text/html");
        using var probe = Probe(app.Address);
        Assert.That((await probe.CheckAsync(default)).Sign, Is.EqualTo(HealthSign.Unsupported));
    }

    [Test]
    public async Task An_answer_that_cannot_be_read_is_no_answer()
    {
        await using var app = await MisbehavingApp.StartAsync();
        app.Health = Answers.Ok([0xff, 0xff, 0xff]);
        using var probe = Probe(app.Address);
        Assert.That((await probe.CheckAsync(default)).Sign, Is.EqualTo(HealthSign.Slow));
        app.Health = Answers.Ok([8, 99]);
        Assert.That((await probe.CheckAsync(default)).Sign, Is.EqualTo(HealthSign.NotServing), "a status that is not known is not SERVING");
    }

    [Test]
    public async Task A_unix_socket_is_connected_to()
    {
        var path = Path.Combine(Path.GetTempPath(), $"health-{Guid.NewGuid():N}.sock");
        await using var app = await MisbehavingApp.StartAsync($"unix:{path}");
        using var probe = Probe(app.Address);
        Assert.That((await probe.ConnectAsync(default)).Sign, Is.EqualTo(HealthSign.Serving));
        await app.StopAsync();
        Assert.That((await probe.ConnectAsync(default)).Sign, Is.EqualTo(HealthSign.Absent));
    }

    private static HealthProbe Probe(string address) => new(new HealthTarget(address, HealthSetting.Default), TimeProvider.System);

    private static Task HasAsync(List<HealthSign> told, int count) => Until.TrueAsync(
        () =>
        {
            lock (told) return told.Count == count;
        },
        Patience,
        $"{count} signs were told");
}
