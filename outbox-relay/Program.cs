return await Sidecar.OutboxRelay.Commands.CommandLine.RunAsync(args);
