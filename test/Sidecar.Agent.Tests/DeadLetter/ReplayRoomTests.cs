using Sidecar.Agent.DeadLetter;

namespace Sidecar.Agent.Tests.DeadLetter;

public sealed class ReplayRoomTests
{
    [Test]
    public void Kafka_is_asked_when_a_partition_may_be_full_and_not_for_each_event()
    {
        var asked = new List<int>();
        var waiting = 4L;
        var room = new ReplayRoom(partition =>
        {
            asked.Add(partition);
            return partition == 0 ? waiting : 0;
        });
        for (var sent = 0L; sent < ReplayRoom.MaxWaiting - waiting; sent++)
        {
            Assert.That(room.Has(0), Is.True);
            room.Take(0);
        }

        Assert.That(asked, Is.EqualTo([0]));
        waiting = ReplayRoom.MaxWaiting;
        Assert.That(room.Has(0), Is.False);
        Assert.That(room.Has(1), Is.True, "another partition");
        waiting--;
        Assert.That(room.Has(0), Is.True);
        room.Take(0);
        waiting++;
        Assert.That(room.Has(0), Is.False, "one more went");
        Assert.That(asked, Is.EqualTo([0, 0, 1, 0, 0]));
    }
}
