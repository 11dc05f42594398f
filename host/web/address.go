package web

import (
	"net"
	"net/netip"
)

// hostOf returns the host of an address, without port.
func hostOf(addr net.Addr) string {
	if a, ok := addr.(*net.TCPAddr); ok {
		return a.AddrPort().Addr().Unmap().String()
	}
	if addr == nil {
		return ""
	}
	host, _, err := net.SplitHostPort(addr.String())
	if err != nil {
		return addr.String()
	}
	return host
}

// clientKey names the client that an address belongs to. A household or host has a whole IPv6 /64 to itself, so counting
// single addresses there would bound nothing.
func clientKey(addr net.Addr) string {
	host := hostOf(addr)
	ip, err := netip.ParseAddr(host)
	if err != nil || ip.Is4() {
		return host
	}
	prefix, err := ip.WithZone("").Prefix(64)
	if err != nil {
		return host
	}
	return prefix.String()
}
