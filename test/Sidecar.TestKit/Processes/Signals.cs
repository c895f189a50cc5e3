using System.ComponentModel;
using System.Runtime.InteropServices;

namespace Sidecar.TestKit.Processes;

/// <summary>What a process can be sent.</summary>
public enum Signal
{
    /// <summary>SIGKILL: dies at once.</summary>
    Kill,

    /// <summary>SIGTERM: asked to end.</summary>
    Terminate,

    /// <summary>SIGINT: Ctrl+C.</summary>
    Interrupt,

    /// <summary>SIGHUP.</summary>
    HangUp,

    /// <summary>SIGSTOP: stands still, connections open.</summary>
    Stop,

    /// <summary>SIGCONT: goes on.</summary>
    Continue,
}

/// <summary>Sends signals to processes.</summary>
public static partial class Signals
{
    /// <exception cref="Win32Exception">There is no such process, or it is not ours.</exception>
    public static void Send(int processId, Signal signal)
    {
        if (kill(processId, Number(signal)) != 0)
            throw new Win32Exception(Marshal.GetLastPInvokeError(), $"could not send {signal} to process {processId}");
    }

    // The numbers differ between the systems where they were not agreed on early.
    private static int Number(Signal signal) => signal switch
    {
        Signal.Kill => 9,
        Signal.Terminate => 15,
        Signal.Interrupt => 2,
        Signal.HangUp => 1,
        Signal.Stop => OperatingSystem.IsMacOS() ? 17 : 19,
        Signal.Continue => OperatingSystem.IsMacOS() ? 19 : 18,
    };

    [LibraryImport("libc", SetLastError = true)]
    private static partial int kill(int pid, int signal);
}
