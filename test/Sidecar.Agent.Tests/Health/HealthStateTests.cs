using Sidecar.Agent.Health;

namespace Sidecar.Agent.Tests.Health;

internal sealed class HealthStateTests
{
    private const int Seeds = 300;
    private static readonly HealthSetting Auto = HealthSetting.Default;
    private static readonly HealthSetting Grpc = new(HealthMode.Grpc, "");
    private static readonly HealthSetting Named = new(HealthMode.Grpc, "a.B");
    private static readonly HealthSetting Tcp = new(HealthMode.Tcp, "");

    [Test]
    public void An_application_that_serves_is_up_and_one_that_does_not_is_down_at_once()
    {
        var state = After(Auto, HealthSign.Serving);
        Assert.That(state.View.IsUp, Is.True);
        state.Observe(HealthSign.NotServing, "why", Seconds(1));
        Assert.That((state.View.IsUp, state.View.Reason, state.View.Since), Is.EqualTo(((bool?)false, "why", Seconds(1))));
    }

    [Test]
    public void The_time_since_it_is_down_is_that_of_the_first_look()
    {
        var state = After(Auto, HealthSign.Absent);
        state.Observe(HealthSign.NotServing, "later", Seconds(9));
        Assert.That(state.View.Since, Is.EqualTo(Seconds(0)));
    }

    [Test]
    public void It_falls_back_from_watch_to_check_to_a_connection_by_what_the_application_answers()
    {
        var state = After(Auto);
        Assert.That(state.Way, Is.EqualTo(HealthWay.Watch));
        state.Observe(HealthSign.Unsupported, "", Seconds(0));
        Assert.That((state.Way, state.NextAt), Is.EqualTo((HealthWay.Check, Seconds(0))));
        state.Observe(HealthSign.Unsupported, "", Seconds(0));
        Assert.That((state.Way, state.View.IsUp), Is.EqualTo((HealthWay.Connect, (bool?)null)));
        state.Observe(HealthSign.Serving, "", Seconds(0));
        Assert.That(state.View.IsUp, Is.True);
    }

    [Test]
    public void The_best_way_is_tried_again_after_a_while_and_after_the_application_was_gone()
    {
        var state = After(Auto, HealthSign.Unsupported, HealthSign.Unsupported, HealthSign.Serving);
        state.Observe(HealthSign.Serving, "", HealthState.FallBackFor);
        Assert.That(state.Way, Is.EqualTo(HealthWay.Watch));
        Assert.That(After(Auto, HealthSign.Unsupported, HealthSign.Unsupported, HealthSign.Absent).Way, Is.EqualTo(HealthWay.Watch));
    }

    [Test]
    public void A_name_that_it_does_not_know_is_no_reason_to_ask_less()
    {
        Assert.That(After(Named, HealthSign.UnknownService).View.IsUp, Is.False);
        Assert.That(After(Grpc, HealthSign.UnknownService).View.IsUp, Is.False);
        Assert.That(After(Auto, HealthSign.UnknownService).Way, Is.EqualTo(HealthWay.Connect), "it says nothing of the whole");
    }

    [Test]
    public void Where_grpc_is_demanded_an_application_without_it_is_down()
    {
        var state = After(Grpc, HealthSign.Unsupported, HealthSign.Unsupported);
        Assert.That((state.View.IsUp, state.Way), Is.EqualTo(((bool?)false, HealthWay.Watch)));
        Assert.That(After(Tcp).Way, Is.EqualTo(HealthWay.Connect));
    }

    [Test]
    public void One_late_answer_of_a_busy_application_is_nothing_and_three_in_a_row_are_something()
    {
        var state = After(Auto, HealthSign.Serving, HealthSign.Slow, HealthSign.Slow, HealthSign.Serving, HealthSign.Slow, HealthSign.Slow);
        Assert.That(state.View.IsUp, Is.True);
        state.Observe(HealthSign.Slow, "late", Seconds(1));
        Assert.That(state.View.IsUp, Is.False);
        Assert.That(After(Auto, HealthSign.Slow).View.IsUp, Is.False, "it was never found well");
    }

    [Test]
    public void A_stream_that_ends_changes_nothing_and_is_not_opened_over_and_over()
    {
        var state = After(Auto, HealthSign.Serving, HealthSign.Ended);
        Assert.That((state.View.IsUp, state.NextAt), Is.EqualTo(((bool?)true, Seconds(0))));
        state.Observe(HealthSign.Ended, "", Seconds(0));
        Assert.That(state.NextAt, Is.EqualTo(HealthState.DownInterval));
    }

    [Test]
    public void Whatever_it_is_shown_it_looks_again_soon_and_never_faster_than_it_may()
    {
        for (var seed = 1; seed <= Seeds; seed++)
        {
            var random = new Random(seed);
            var setting = new[] { Auto, Grpc, Named, Tcp }[seed % 4];
            var (state, now, atOnce) = (new HealthState(new HealthTarget("a:1", setting), Seconds(0)), Seconds(0), 0);
            for (var step = 0; step < 200; step++)
            {
                var sign = (HealthSign)random.Next(Enum.GetValues<HealthSign>().Length);
                state.Observe(sign, "why", now);
                Assert.That(state.NextAt - now, Is.InRange(TimeSpan.Zero, HealthState.UpInterval), $"seed {seed}, step {step}");
                atOnce = state.NextAt == now ? atOnce + 1 : 0;
                Assert.That(atOnce, Is.LessThanOrEqualTo(5), $"seed {seed}: it may fall back twice and reopen a stream, then it waits");
                Assert.That(sign != HealthSign.Serving || state.View.IsUp == true, Is.True, $"seed {seed}");
                Assert.That(sign is not (HealthSign.NotServing or HealthSign.Absent) || state.View.IsUp == false, Is.True, $"seed {seed}");
                now = state.NextAt + TimeSpan.FromMilliseconds(random.Next(3));
            }
        }
    }

    [Test]
    public void A_subscription_joins_when_its_application_is_well_and_leaves_after_the_time_given()
    {
        var membership = new Membership(Seconds(30));
        Assert.That(membership.Follow(new HealthView(null, "", Seconds(0)), Seconds(99)), Is.False, "before joining there is no time");
        Assert.That(membership.Follow(new HealthView(true, "", Seconds(100)), Seconds(100)), Is.True);
        var down = new HealthView(false, "", Seconds(200));
        Assert.That((membership.Follow(down, Seconds(229)), membership.IsIn), Is.EqualTo((false, true)));
        Assert.That((membership.Follow(down, Seconds(230)), membership.IsIn), Is.EqualTo((true, false)));
        Assert.That(membership.Follow(new HealthView(true, "", Seconds(300)), Seconds(300)), Is.True, "it joins again at once");
    }

    [Test]
    public void Without_a_limit_it_never_leaves()
    {
        var membership = new Membership(null);
        membership.Follow(new HealthView(true, "", Seconds(0)), Seconds(0));
        Assert.That(membership.Follow(new HealthView(false, "", Seconds(1)), TimeSpan.FromDays(9)), Is.False);
    }

    private static TimeSpan Seconds(int seconds) => TimeSpan.FromSeconds(seconds);

    private static HealthState After(HealthSetting setting, params HealthSign[] signs)
    {
        var state = new HealthState(new HealthTarget("127.0.0.1:1", setting), Seconds(0));
        foreach (var sign in signs)
        {
            state.Observe(sign, "why", Seconds(0));
        }

        return state;
    }
}
