package main

import (
	"net/netip"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	dialTimeout = 300 * time.Millisecond
	targetsMax  = 4096
	// Below the number of files that a process may commonly have open.
	dialsMax = 512
)

// reachableOf connects to every target of a comma list, such as 192.0.2.1:80,[2001:db8::1]:80, and returns those that accepted. Names are not
// resolved: who asks knows the addresses, while a step without a network could resolve nothing and would call every name unreachable.
func reachableOf(list string) []string {
	targets := strings.Split(list, ",")
	if list == "" || len(targets) > targetsMax {
		fail("name 1 to " + strconv.Itoa(targetsMax) + " targets, such as 192.0.2.1:80,[2001:db8::1]:80")
	}
	reached := []string{}
	for len(targets) > 0 {
		some := targets[:min(len(targets), dialsMax)]
		targets = targets[len(some):]
		reached = append(reached, dialAll(some)...)
	}
	return reached
}

// dialAll connects to all of them at once. By system calls, as package net is as large as the rest of this program.
func dialAll(targets []string) []string {
	reached := []string{}
	poll, err := syscall.EpollCreate1(syscall.EPOLL_CLOEXEC)
	if err != nil {
		fail("cannot wait for connections: " + err.Error())
	}
	defer syscall.Close(poll)
	waiting := map[int32]string{}
	for _, target := range targets {
		socket, err := dial(target)
		if err == nil {
			reached = append(reached, target)
		}
		if err != syscall.EINPROGRESS {
			continue
		}
		event := syscall.EpollEvent{Events: syscall.EPOLLOUT, Fd: int32(socket)}
		if err := syscall.EpollCtl(poll, syscall.EPOLL_CTL_ADD, socket, &event); err != nil {
			fail("cannot wait for a connection: " + err.Error())
		}
		waiting[int32(socket)] = target
	}
	deadline := time.Now().Add(dialTimeout)
	events := make([]syscall.EpollEvent, dialsMax)
	for len(waiting) > 0 {
		left := time.Until(deadline).Milliseconds()
		if left <= 0 {
			break
		}
		count, err := syscall.EpollWait(poll, events, int(left))
		if err != nil && err != syscall.EINTR {
			fail("cannot wait for connections: " + err.Error())
		}
		for _, event := range events[:max(count, 0)] {
			failure, err := syscall.GetsockoptInt(int(event.Fd), syscall.SOL_SOCKET, syscall.SO_ERROR)
			if err == nil && failure == 0 {
				reached = append(reached, waiting[event.Fd])
			}
			delete(waiting, event.Fd)
			syscall.Close(int(event.Fd))
		}
	}
	for socket := range waiting {
		syscall.Close(int(socket))
	}
	return reached
}

// dial begins a connection; EINPROGRESS is an error that comes with the socket to wait for.
func dial(target string) (int, error) {
	to, err := netip.ParseAddrPort(target)
	if err != nil {
		fail(target + " is no address with a port")
	}
	family := syscall.AF_INET6
	var address syscall.Sockaddr = &syscall.SockaddrInet6{Port: int(to.Port()), Addr: to.Addr().As16()}
	if to.Addr().Is4() {
		family = syscall.AF_INET
		address = &syscall.SockaddrInet4{Port: int(to.Port()), Addr: to.Addr().As4()}
	}
	socket, err := syscall.Socket(family, syscall.SOCK_STREAM|syscall.SOCK_NONBLOCK|syscall.SOCK_CLOEXEC, 0)
	if err == syscall.EMFILE || err == syscall.ENFILE {
		fail("cannot make a connection: " + err.Error())
	}
	if err != nil {
		return 0, err
	}
	err = syscall.Connect(socket, address)
	if err != syscall.EINPROGRESS {
		syscall.Close(socket)
	}
	return socket, err
}

func read(file string) string {
	text, _ := os.ReadFile(file)
	return string(text)
}
