namespace Orders.Service;

/// <summary>What <c>POST /orders</c> takes: an order, or a change to it.</summary>
internal sealed record OrderRequest(string OrderId, string CustomerId, long TotalCents);
