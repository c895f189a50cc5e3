# Both images, one target each, and that of the service in charts/example-service, under the names that the charts ask for:
#
#   docker build --target agent -t sidecar-agent:0.1.0 .
#   docker build --target outbox-relay -t sidecar-outbox-relay:0.1.0 .
#   docker build --target orders -t orders:0.1.0 .
#
# The programs are native code on an image without a shell. They run as uid 1654 and write nothing to their own root
# file system: run them with --read-only (the relay's SQLite file lies in a volume).

FROM mcr.microsoft.com/dotnet/sdk:10.0-noble-aot AS build
WORKDIR /src
ENV DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1
# What decides which packages are restored, before the sources: the layer stays until one of these files changes.
COPY global.json Directory.Build.props Directory.Packages.props BannedSymbols.txt .editorconfig ./
COPY eng/NativeProgram.props eng/
COPY protos/*.csproj protos/
COPY credentials/*.csproj credentials/
COPY agent/*.csproj agent/
COPY outbox-relay/*.csproj outbox-relay/
RUN dotnet restore agent/Sidecar.Agent.csproj --use-current-runtime --artifacts-path artifacts/native \
 && dotnet restore outbox-relay/Sidecar.OutboxRelay.csproj --use-current-runtime --artifacts-path artifacts/native
COPY eng/publish eng/
COPY protos protos
COPY credentials credentials

FROM build AS build-agent
COPY agent agent
# Of librdkafka's builds the one that needs nothing but the C library: the other wants Kerberos.
RUN eng/publish /out agent && rm /out/agent/librdkafka.so

FROM build AS build-outbox-relay
COPY outbox-relay outbox-relay
RUN eng/publish /out outbox-relay && rm /out/outbox-relay/librdkafka.so

# An ordinary application: neither native code nor anything of Kafka.
FROM build AS build-orders
COPY clients/dotnet clients/dotnet
COPY samples/Orders.Service samples/Orders.Service
RUN dotnet publish samples/Orders.Service -c Release -p:DebugType=none --artifacts-path artifacts/orders -o /out/orders

FROM mcr.microsoft.com/dotnet/aspnet:10.0-noble-chiseled AS orders
WORKDIR /app
ENV DOTNET_EnableDiagnostics=0
USER 1654
COPY --from=build-orders /out/orders/ ./
ENTRYPOINT ["dotnet", "/app/orders-service.dll"]

FROM mcr.microsoft.com/dotnet/runtime-deps:10.0-noble-chiseled AS run
WORKDIR /app
# No diagnostics socket in /tmp, which may be read-only; the programs' own options say where they listen.
ENV DOTNET_EnableDiagnostics=0 ASPNETCORE_HTTP_PORTS=
# A number, so that Kubernetes can see that it is not root.
USER 1654

FROM run AS agent
COPY --from=build-agent /out/agent/ ./
ENTRYPOINT ["/app/agent"]
CMD ["run"]

FROM run AS outbox-relay
COPY --from=build-outbox-relay /out/outbox-relay/ ./
ENTRYPOINT ["/app/outbox-relay"]
CMD ["run"]
