// Command probe is the one program inside the images that forkproof builds for itself: the canary of a builder's readiness, the demo's image,
// and the tests of isolation. It has no dependencies, because there is no registry to take anything from, and uses neither net nor fmt: every
// canary carries it into a builder, and BuildKit spends some 30 ms of processor time on each megabyte of it.
package main

import (
	"os"
	"strconv"
	"strings"
	"time"
)

const usage = "usage: probe unreachable A:1,B:2 (or by the variable TARGETS) | reachable A:1 | hello | whoami | fork-bomb | memory-hog | disk-fill PATH | sleep SECONDS"

func main() {
	if len(os.Args) < 2 {
		fail(usage)
	}
	argument := ""
	if len(os.Args) > 2 {
		argument = os.Args[2]
	}
	switch os.Args[1] {
	case "unreachable":
		// BuildKit shows a step's arguments to later clients, and not its variables.
		if argument == "" {
			argument = os.Getenv("TARGETS")
		}
		if reached := reachableOf(argument); len(reached) > 0 {
			fail("reached " + strings.Join(reached, ", "))
		}
		say("none of the targets can be reached")
	case "reachable":
		if len(reachableOf(argument)) == 0 {
			fail("cannot reach " + argument)
		}
		say("reached " + argument)
	case "hello":
		say("Hello from an image that was built on a builder of its own.")
	case "whoami":
		whoAmI()
	case "fork-bomb":
		forkBomb()
	case "memory-hog":
		memoryHog()
	case "disk-fill":
		diskFill(argument)
	case "sleep":
		seconds, err := time.ParseDuration(argument + "s")
		if err != nil {
			fail("sleep wants seconds")
		}
		time.Sleep(seconds)
	default:
		fail("unknown command " + os.Args[1])
	}
}

func say(text string) {
	_, _ = os.Stdout.WriteString(text + "\n")
}

func fail(text string) {
	_, _ = os.Stderr.WriteString(text + "\n")
	os.Exit(1)
}

// forkBomb starts itself until the kernel refuses, then waits to be ended.
func forkBomb() {
	for {
		self := "/proc/self/exe"
		if _, err := os.StartProcess(self, []string{self, "fork-bomb"}, &os.ProcAttr{}); err != nil {
			say("refused: " + err.Error())
			time.Sleep(time.Minute)
		}
	}
}

func memoryHog() {
	var kept [][]byte
	for {
		block := make([]byte, 16<<20)
		for index := range block {
			block[index] = 1
		}
		kept = append(kept, block)
		say(strconv.Itoa(len(kept)*16) + " MiB")
	}
}

func diskFill(path string) {
	if path == "" {
		fail("disk-fill wants a path")
	}
	file, err := os.Create(path)
	if err != nil {
		fail(err.Error())
	}
	block := make([]byte, 1<<20)
	for index := range block {
		block[index] = byte(index)
	}
	for written := 0; ; written++ {
		if _, err := file.Write(block); err != nil {
			fail("full after " + strconv.Itoa(written) + " MiB: " + err.Error())
		}
	}
}
