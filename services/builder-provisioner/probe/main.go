// Command probe is the one program inside the images that forkproof builds for itself: the canary of a builder's readiness, the demo's image,
// and the tests of isolation. It has no dependencies, because there is no registry to take anything from.
package main

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"
)

const (
	dialTimeout = 300 * time.Millisecond
	targetsMax  = 4096
)

func main() {
	if len(os.Args) < 2 {
		fail("usage: probe unreachable A:1,B:2 (or by the variable TARGETS) | reachable A:1 | hello | whoami | fork-bomb | memory-hog | disk-fill PATH | sleep SECONDS")
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
		if reached := dialAll(argument); len(reached) > 0 {
			fail("reached " + strings.Join(reached, ", "))
		}
		fmt.Println("none of the targets can be reached")
	case "reachable":
		if len(dialAll(argument)) == 0 {
			fail("cannot reach " + argument)
		}
		fmt.Println("reached " + argument)
	case "hello":
		fmt.Println("Hello from an image that was built on a builder of its own.")
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

func fail(text string) {
	fmt.Fprintln(os.Stderr, text)
	os.Exit(1)
}

// dialAll connects to every target at once and returns those that accepted.
func dialAll(list string) []string {
	targets := strings.Split(list, ",")
	if list == "" || len(targets) > targetsMax {
		fail(fmt.Sprintf("name 1 to %d targets, such as 192.0.2.1:80,[2001:db8::1]:80", targetsMax))
	}
	var (
		lock    sync.Mutex
		group   sync.WaitGroup
		reached []string
	)
	for _, target := range targets {
		group.Add(1)
		go func() {
			defer group.Done()
			connection, err := net.DialTimeout("tcp", target, dialTimeout)
			if err != nil {
				return
			}
			_ = connection.Close()
			lock.Lock()
			reached = append(reached, target)
			lock.Unlock()
		}()
	}
	group.Wait()
	return reached
}

// whoAmI prints what a RUN step can see of the world, as one JSON object. Values of variables are left out: names are enough.
func whoAmI() {
	links := []string{}
	if interfaces, err := net.Interfaces(); err == nil {
		for _, one := range interfaces {
			links = append(links, one.Name)
		}
	}
	variables := []string{}
	for _, entry := range os.Environ() {
		variables = append(variables, strings.SplitN(entry, "=", 2)[0])
	}
	commands := []string{}
	processes, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, file := range processes {
		text, _ := os.ReadFile(file)
		commands = append(commands, strings.TrimSpace(strings.ReplaceAll(string(text), "\x00", " ")))
	}
	hostname, _ := os.Hostname()
	_ = json.NewEncoder(os.Stdout).Encode(map[string]any{
		"architecture": runtime.GOARCH,
		"uidMap":       strings.Fields(read("/proc/self/uid_map")),
		"mounts":       strings.Split(strings.TrimSpace(read("/proc/self/mountinfo")), "\n"),
		"links":        links,
		"processes":    commands,
		"variables":    variables,
		"hostname":     hostname,
		"root":         listing("/"),
	})
}

func read(file string) string {
	text, _ := os.ReadFile(file)
	return string(text)
}

func listing(folder string) []string {
	entries, _ := os.ReadDir(folder)
	names := []string{}
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return names
}

// forkBomb starts itself until the kernel refuses, then waits to be ended.
func forkBomb() {
	for {
		child := exec.Command("/proc/self/exe", "fork-bomb")
		if err := child.Start(); err != nil {
			fmt.Println("refused: " + err.Error())
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
		fmt.Printf("%d MiB\n", len(kept)*16)
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
			fail(fmt.Sprintf("full after %d MiB: %v", written, err))
		}
	}
}
