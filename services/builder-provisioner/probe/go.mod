module forkproof.dev/probe

go 1.25
