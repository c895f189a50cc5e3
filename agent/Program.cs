using Sidecar.Agent.Commands;

// The command line says where the configuration is. `run` reads it and stays until it is told to stop; `config`
// and `explain` say what is in force and what can be said. Exit codes: 0 well, 1 failure, 2 wrong configuration or use.
return await CommandLine.InvokeAsync(args);
