package main

import (
	"os"
	"runtime"
	"strconv"
	"strings"
)

// whoAmI prints what a RUN step can see of the world, as one JSON object. Values of variables are left out: names are enough.
func whoAmI() {
	links := []string{}
	for _, line := range strings.Split(read("/proc/self/net/dev"), "\n") {
		if name, _, found := strings.Cut(line, ":"); found {
			links = append(links, strings.TrimSpace(name))
		}
	}
	variables := []string{}
	for _, entry := range os.Environ() {
		variables = append(variables, strings.SplitN(entry, "=", 2)[0])
	}
	commands := []string{}
	for _, name := range listing("/proc") {
		if _, err := strconv.Atoi(name); err == nil {
			text := read("/proc/" + name + "/cmdline")
			commands = append(commands, strings.TrimSpace(strings.ReplaceAll(text, "\x00", " ")))
		}
	}
	hostname, _ := os.Hostname()
	say("{" + strings.Join([]string{
		`"architecture":` + quoted(runtime.GOARCH),
		`"uidMap":` + list(strings.Fields(read("/proc/self/uid_map"))),
		`"mounts":` + list(strings.Split(strings.TrimSpace(read("/proc/self/mountinfo")), "\n")),
		`"links":` + list(links),
		`"processes":` + list(commands),
		`"variables":` + list(variables),
		`"hostname":` + quoted(hostname),
		`"root":` + list(listing("/")),
	}, ",") + "}")
}

func listing(folder string) []string {
	entries, _ := os.ReadDir(folder)
	names := []string{}
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return names
}

func list(texts []string) string {
	all := make([]string, len(texts))
	for index, text := range texts {
		all[index] = quoted(text)
	}
	return "[" + strings.Join(all, ",") + "]"
}

// quoted is a JSON string; what is no plain ASCII comes as a question mark.
func quoted(text string) string {
	plain := strings.Map(func(letter rune) rune {
		if letter < ' ' || letter > '~' {
			return '?'
		}
		return letter
	}, text)
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(plain) + `"`
}
