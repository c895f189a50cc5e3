using CsCheck;
using Sidecar.Agent.Admission;

namespace Sidecar.Agent.Tests.Admission;

public sealed class RetryBudgetTests
{
    private const int Ceiling = 1;
    private const int Saved = 100;

    [Test]
    public void Retries_are_a_share_of_first_attempts_and_a_few_a_second() =>
        Gen.Select(Gen.Int[1, 200], Gen.Int[0, 5000], Gen.Int[1, 60]).Sample((percent, firsts, seconds) =>
        {
            var budget = new RetryBudget(percent, Ceiling);
            var spent = 0;
            for (var second = 0; second <= seconds; second++)
            {
                for (var i = 0; i < firsts; i++)
                {
                    budget.Earn();
                }

                while (budget.TrySpend(TimeSpan.FromSeconds(second)))
                {
                    spent++;
                }
            }

            var earned = Math.Min(firsts * percent / 100.0, Saved) * (seconds + 1);
            Assert.That(spent, Is.InRange(earned, earned + Saved + (RetryBudget.PerSecond * (seconds + 1))));
        });

    [Test]
    public void An_empty_budget_says_when_to_ask_again_and_keeps_its_word()
    {
        var budget = new RetryBudget(20, Ceiling);
        var now = TimeSpan.FromSeconds(3);
        while (budget.TrySpend(now))
        {
        }

        for (var i = 0; i < 100; i++)
        {
            Assert.That(budget.NextAt, Is.GreaterThan(now));
            now = budget.NextAt;
            Assert.That(budget.TrySpend(now), Is.True, $"retry {i}");
            Assert.That(budget.TrySpend(now), Is.False, $"retry {i}");
        }
    }

    [Test]
    public void Without_a_limit_every_retry_is_allowed()
    {
        var budget = new RetryBudget(0, Ceiling);
        Assert.That(Enumerable.Range(0, 10_000).All(_ => budget.TrySpend(TimeSpan.Zero)), Is.True);
    }
}
