using System.Buffers.Text;
using System.Collections.Concurrent;
using System.Text;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Sidecar.Options.V1;

namespace Sidecar.Client.Schema;

/// <summary>
/// What the owner of a message type said about it in its option <c>(sidecar.options.v1.event)</c>, checked once
/// per type and remembered: topic, type, and the field that is the key.
/// </summary>
internal sealed class EventSchema
{
    private static readonly ConcurrentDictionary<MessageDescriptor, EventSchema> Known = new();

    private readonly string _messageName;
    private readonly FieldDescriptor? _keyField;

    private EventSchema(string messageName, string topic, string type, FieldDescriptor? keyField)
    {
        _messageName = messageName;
        Topic = topic;
        Type = type;
        _keyField = keyField;
    }

    public string Topic { get; }

    public string Type { get; }

    /// <exception cref="InvalidOperationException">The message has no option, or one that cannot be used.</exception>
    public static EventSchema Of(MessageDescriptor message) => Known.GetOrAdd(message, Read);

    /// <summary>
    /// The type that events of this message carry; a message without the option goes by its full name.
    /// </summary>
    public static string TypeOf(MessageDescriptor message) =>
        OptionOf(message)?.Type is { Length: > 0 } type ? type : message.FullName;

    /// <summary>
    /// The record's key: strings as UTF-8, bytes as they are, integers and enum numbers in decimal digits.
    /// Null where the option names no key field.
    /// </summary>
    /// <exception cref="InvalidOperationException">
    /// The field has no value: the order of the event would be lost.
    /// </exception>
    public byte[]? KeyOf(IMessage message)
    {
        if (_keyField is null)
        {
            return null;
        }

        var key = _keyField.HasPresence && !_keyField.Accessor.HasValue(message)
            ? []
            : Encode(_keyField.Accessor.GetValue(message));
        return key.Length > 0
            ? key
            : throw new InvalidOperationException(
                $"The key field '{_keyField.Name}' of this {_messageName} has no value, so its events could not be " +
                "kept in order. Set the field, or give PublishOptions.Key.");
    }

    private static EventSchema Read(MessageDescriptor message)
    {
        if (OptionOf(message) is not { } option)
        {
            throw new InvalidOperationException(
                $"The message {message.FullName} does not say how it is published. Add to its proto: " +
                $"option (sidecar.options.v1.event) = {{topic: \"...\", key_field: \"...\"}}; (import " +
                "\"sidecar/options/v1/options.proto\"), or publish an OutboxEvent.");
        }

        if (option.Topic.Length == 0)
        {
            throw new InvalidOperationException(
                $"The option (sidecar.options.v1.event) of {message.FullName} names no topic. Add: topic: \"...\".");
        }

        return new EventSchema(message.FullName, option.Topic, TypeOf(message), KeyFieldOf(message, option.KeyField));
    }

    private static EventOptions? OptionOf(MessageDescriptor message) =>
        message.GetOptions()?.GetExtension(OptionsExtensions.Event);

    private static FieldDescriptor? KeyFieldOf(MessageDescriptor message, string name)
    {
        if (name.Length == 0)
        {
            return null;
        }

        var field = message.FindFieldByName(name) ?? throw new InvalidOperationException(
            $"The option (sidecar.options.v1.event) of {message.FullName} names the key field '{name}', which the " +
            "message does not have. Its fields: " +
            $"{string.Join(", ", message.Fields.InFieldNumberOrder().Select(field => field.Name))}.");
        return !field.IsRepeated && CanBeKey(field.FieldType)
            ? field
            : throw new InvalidOperationException(
                $"The key field '{name}' of {message.FullName} cannot be a key: it is " +
                $"{(field.IsRepeated ? "repeated" : $"of type {field.FieldType}")}. A key is a single string, bytes, " +
                "integer or enum field of the message itself.");
    }

    private static bool CanBeKey(FieldType type) => type is not
        (FieldType.Double or FieldType.Float or FieldType.Bool or FieldType.Message or FieldType.Group);

    private static byte[] Encode(object value) => value switch
    {
        string text => Encoding.UTF8.GetBytes(text),
        ByteString bytes => bytes.ToByteArray(),
        ulong number => Encoding.UTF8.GetBytes(number.ToString()),
        // An enum by its number: names may be changed in a schema, numbers may not.
        _ => Digits(Convert.ToInt64(value)),
    };

    private static byte[] Digits(long number)
    {
        Span<byte> digits = stackalloc byte[20];
        Utf8Formatter.TryFormat(number, digits, out var length);
        return digits[..length].ToArray();
    }
}
