namespace Sidecar.OutboxRelay.Wal;

/// <summary>Where the columns of outbox.log stand in a row, as the server described them.</summary>
internal sealed class LogColumns
{
    public const int Xid = 0;
    public const int Id = 1;
    public const int CreatedAt = 2;
    public const int Slot = 3;
    public const int Bucket = 4;
    public const int Topic = 5;
    public const int Key = 6;
    public const int Value = 7;
    public const int Headers = 8;

    /// <summary>Columns that we read.</summary>
    public const int Count = 9;

    private const long MicrosecondsOf2000 = 946_684_800_000_000;

    // Names, and the types' numbers in PostgreSQL's catalog, which never change.
    private static readonly (string Name, uint Type)[] Known =
    [
        ("xid", 5069), ("id", 20), ("created_at", 1184), ("slot", 21), ("bucket", 21), ("topic", 25), ("key", 17),
        ("value", 17), ("headers", 3802),
    ];

    private readonly int?[] places;

    private LogColumns(int?[] places) => this.places = places;

    /// <summary>Which of ours the column is; null: none that we read.</summary>
    public int? PlaceOf(int column) => column < places.Length ? places[column] : null;

    /// <summary>Reads the rest of a description, after the relation's number.</summary>
    /// <exception cref="InvalidDataException">A column is missing or of another type.</exception>
    public static LogColumns Read(ref PgOutputReader reader)
    {
        var relation = $"{reader.Text()}.{reader.Text()}";
        reader.Skip(1);    // what identifies a row
        var found = new int?[reader.UInt16()];
        for (var i = 0; i < found.Length; i++)
        {
            reader.Skip(1);
            var name = reader.Text();
            var type = reader.UInt32();
            reader.Skip(4);
            var place = Array.FindIndex(Known, known => known.Name == name);
            found[i] = place < 0 ? null : place;
            if (place >= 0 && Known[place].Type != type)
            {
                throw new InvalidDataException($"{relation} has a column {name} of another type");
            }
        }

        return found.Count(place => place is not null) == Count
            ? new LogColumns(found)
            : throw new InvalidDataException($"{relation} lacks a column of outbox.log");
    }

    /// <summary>Milliseconds since 1970, of PostgreSQL's microseconds since 2000.</summary>
    public static long UnixMs(long microseconds) => (microseconds + MicrosecondsOf2000) / 1000;
}
