using Sidecar.OutboxRelay.Wal;

namespace Sidecar.OutboxRelay.Tests.Wal;

public sealed class WalBufferTests
{
    private const int Room = 40;

    private WalBuffer buffer = null!;

    [SetUp]
    public void Make() => buffer = new WalBuffer(Room * (WalBuffer.ItemBytes + 1));

    [Test]
    public void Who_waits_is_told_when_nothing_more_comes_for_now()
    {
        var news = buffer.WhenAny();
        _ = buffer.PutAsync(WalFeedTests.Row(5, 1));
        Assert.That(news.IsCompleted, Is.False, "the first of many woke it");

        buffer.Tell();
        Assert.That(news.IsCompleted);
    }

    [Test]
    public void Who_waits_is_told_of_a_stream_without_an_end_once_a_quarter_is_full()
    {
        var news = buffer.WhenAny();
        for (var id = 1; id < Room / 4; id++)
        {
            _ = buffer.PutAsync(WalFeedTests.Row(5, id));
        }

        Assert.That(news.IsCompleted, Is.False);
        _ = buffer.PutAsync(WalFeedTests.Row(5, Room / 4));
        Assert.That(news.IsCompleted);
    }

    [Test]
    public void Who_asks_while_something_is_there_need_not_wait()
    {
        _ = buffer.PutAsync(WalFeedTests.Row(5, 1));

        Assert.That(buffer.WhenAny().IsCompleted);
    }

    [Test]
    public void A_full_buffer_has_room_again_when_half_of_it_is_taken()
    {
        var room = Task.CompletedTask;
        for (var id = 1; id <= Room; id++)
        {
            Assert.That(room.IsCompleted);
            room = buffer.PutAsync(WalFeedTests.Row(5, id));
        }

        for (var taken = 0; taken <= Room / 2; taken++)
        {
            Assert.That(room.IsCompleted, Is.False);
            Assert.That(buffer.TryTake(onlyMarkers: false, out _));
        }

        Assert.That(room.IsCompleted);
    }
}
