namespace Orders.Consumer;

/// <summary>What goes wrong on purpose, in the first attempt at some events.</summary>
internal enum Trouble
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>The handler asks for a later attempt.</summary>
    Busy,

    /// <summary>The handler throws.</summary>
    Crash,
}
