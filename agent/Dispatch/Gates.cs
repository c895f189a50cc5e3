using Sidecar.Agent.Admission;
using Sidecar.Agent.DeadLetter;
using Sidecar.Agent.Delivery;

namespace Sidecar.Agent.Dispatch;

/// <summary>
/// Everything that an event passes on its way to a slot, made of the options, and made to follow them when they change. Runs
/// under the dispatcher's lock.
/// </summary>
internal sealed class Gates
{
    private readonly DispatchOptions options;
    private readonly DeliveryOptions delivery;
    private (int Floor, int Ceiling) concurrency;
    private StormThreshold letters;
    private int perSecond;

    public Gates(DispatchOptions options, DeliveryOptions delivery)
    {
        this.options = options;
        this.delivery = delivery;
        concurrency = (options.ConcurrencyFloor, options.Concurrency);
        letters = options.DeadLetterLimit;
        perSecond = options.RateLimit;
        Breaker = new CircuitBreaker(BreakerOptions.For(delivery.Deadline, options.Concurrency));
        Budget = new RetryBudget(delivery.RetryBudgetPercent, options.Concurrency);
        Limit = NewLimit();
        Storm = new StormLimit(letters);
        Rate = new RateLimit(perSecond);
    }

    /// <summary>Whether the application takes events.</summary>
    public CircuitBreaker Breaker { get; }

    /// <summary>Retries as a share of first attempts.</summary>
    public RetryBudget Budget { get; }

    /// <summary>Deliveries in flight.</summary>
    public ConcurrencyLimit Limit { get; private set; }

    /// <summary>Dead letters.</summary>
    public StormLimit Storm { get; private set; }

    /// <summary>Deliveries in a second.</summary>
    public RateLimit Rate { get; private set; }

    /// <summary>
    /// Takes over what has changed in the options. What has not changed keeps all that it has learned; a limit that has begins
    /// anew, and a hold because of dead letters ends with the threshold that began it.
    /// </summary>
    public void Adjust()
    {
        Breaker.Adjust(BreakerOptions.For(delivery.Deadline, options.Concurrency));
        Budget.Adjust(delivery.RetryBudgetPercent, options.Concurrency);
        if (concurrency != (options.ConcurrencyFloor, options.Concurrency))
        {
            concurrency = (options.ConcurrencyFloor, options.Concurrency);
            Limit = NewLimit();
        }

        if (letters != options.DeadLetterLimit)
        {
            letters = options.DeadLetterLimit;
            Storm = new StormLimit(letters);
        }

        if (perSecond != options.RateLimit)
        {
            perSecond = options.RateLimit;
            Rate = new RateLimit(perSecond);
        }
    }

    private ConcurrencyLimit NewLimit() => new(Math.Min(options.ConcurrencyFloor, options.Concurrency), options.Concurrency);
}
