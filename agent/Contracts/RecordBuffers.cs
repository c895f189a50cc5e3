using System.Numerics;

namespace Sidecar.Agent.Contracts;

/// <summary>
/// The buffers of records. They are taken by the consume thread and given back by any other, thousands at a time, which is
/// more than the shared pool of .NET keeps: there most would become garbage that has grown old. Sizes come in steps of a
/// quarter of a power of two, so that at most a fifth of a buffer is unused.
/// </summary>
internal static class RecordBuffers
{
    /// <summary>The smallest buffer, in bytes.</summary>
    public const int Smallest = 256;

    /// <summary>The largest buffer that is kept for the next record; a larger one is made for its record alone.</summary>
    public const int LargestKept = 1024 * 1024;

    /// <summary>Bytes of unused buffers that are kept.</summary>
    public const int MaxKeptBytes = 2 * 1024 * 1024;

    private const int StepsPerDoubling = 4;

    private static readonly Stack<byte[]>[] Free = MakeStacks();
    private static readonly Lock Guard = new();
    private static int keptBytes;

    /// <summary>A buffer of at least this many bytes, with anything in it.</summary>
    public static byte[] Rent(int bytes)
    {
        if (bytes > LargestKept)
        {
            return GC.AllocateUninitializedArray<byte>(bytes);
        }

        var step = StepOf(bytes);
        lock (Guard)
        {
            if (Free[step].TryPop(out var buffer))
            {
                keptBytes -= buffer.Length;
                return buffer;
            }
        }

        return GC.AllocateUninitializedArray<byte>(SizeOf(step));
    }

    /// <summary>Gives a buffer back; once.</summary>
    public static void Return(byte[] buffer)
    {
        if (buffer.Length is < Smallest or > LargestKept)
        {
            return;
        }

        lock (Guard)
        {
            if (keptBytes + buffer.Length <= MaxKeptBytes)
            {
                keptBytes += buffer.Length;
                Free[StepOf(buffer.Length)].Push(buffer);
            }
        }
    }

    /// <summary>The first step whose buffers hold this many bytes.</summary>
    internal static int StepOf(int bytes)
    {
        if (bytes <= Smallest)
        {
            return 0;
        }

        var quarter = BitOperations.Log2((uint)(bytes - 1)) - 2;
        var quarters = ((bytes - 1) >> quarter) + 1;
        return ((quarter - BitOperations.Log2(Smallest) + 2) * StepsPerDoubling) + quarters - StepsPerDoubling;
    }

    /// <summary>The size of the buffers of a step, in bytes.</summary>
    internal static int SizeOf(int step)
    {
        var doubled = Smallest << (step / StepsPerDoubling);
        return doubled + (doubled / StepsPerDoubling * (step % StepsPerDoubling));
    }

    private static Stack<byte[]>[] MakeStacks()
    {
        var stacks = new Stack<byte[]>[StepOf(LargestKept) + 1];
        for (var step = 0; step < stacks.Length; step++)
        {
            stacks[step] = new Stack<byte[]>();
        }

        return stacks;
    }
}
