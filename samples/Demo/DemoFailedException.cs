namespace Sidecar.Demo;

/// <summary>The demo cannot go on; the message says to its user why, and what helps.</summary>
internal sealed class DemoFailedException(string message) : Exception(message);
