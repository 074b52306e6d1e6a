// What Juju does with gomaasapi, against a region with emulated machines. One of them is Ready, called juju-1, with 2 GiB or more, an
// interface in the space juju-space, and tagged juju-tag.
package main

import (
	"os"
	"strings"

	"github.com/juju/gomaasapi/v2"
	. "rackwright.invalid/clients/steps"
)

var c gomaasapi.Controller

func main() {
	url, key := os.Getenv("MAAS_URL"), os.Getenv("MAAS_API_KEY")
	Step("find the version, refuse a wrong key", func() {
		c = Must(gomaasapi.NewController(gomaasapi.ControllerArgs{BaseURL: url, APIKey: key}))
		version, _, err := c.APIVersionInfo()
		Check(err)
		Same("version", strings.SplitN(version, ".", 2)[0] != "", true)
		for _, capability := range []string{gomaasapi.NetworksManagement, gomaasapi.StaticIPAddresses, gomaasapi.DevicesManagement, gomaasapi.StorageDeploymentUbuntu, gomaasapi.NetworkDeploymentUbuntu} {
			Same(capability, c.Capabilities().Contains(capability), true)
		}
		Must(gomaasapi.NewController(gomaasapi.ControllerArgs{BaseURL: gomaasapi.AddAPIVersionToURL(url, "2.0"), APIKey: key}))
		_, err = gomaasapi.NewController(gomaasapi.ControllerArgs{BaseURL: url, APIKey: key[:len(key)-4] + "AAAA"})
		Same("permission", gomaasapi.IsPermissionError(err), true)
	})
	Step("read the site", func() {
		Same("fabrics", len(Must(c.Fabrics())) > 0, true)
		Same("zones", Must(c.Zones())[0].Name(), "default")
		Same("pools", Must(c.Pools())[0].Name(), "default")
		Same("domains", len(Must(c.Domains())) > 0, true)
		Same("routes", len(Must(c.StaticRoutes())), 1)
		Same("images", len(Must(c.BootResources())) > 0, true)
		Same("subnet", nearSubnet().Gateway(), "10.66.0.1")
		for _, tag := range Must(c.Tags()) {
			Same("tag", tag.Name() != "", true)
		}
	})
	Step("files", func() {
		Check(c.AddFile(gomaasapi.AddFileArgs{Filename: "juju-file", Content: []byte("\x00\x01 state")}))
		Same("listed", len(Must(c.Files("juju-"))), 1)
		file := Must(c.GetFile("juju-file"))
		Same("content", string(Must(file.ReadAll())), "\x00\x01 state")
		Same("for everybody", strings.Contains(file.AnonymousURL(), "op=get_by_key"), true)
		Check(file.Delete())
		_, err := c.GetFile("juju-file")
		Same("gone", gomaasapi.IsNoMatchError(err), true)
	})
	Step("machines by constraint", func() {
		Same("by name", len(Must(c.Machines(gomaasapi.MachinesArgs{Hostnames: []string{"juju-1"}}))), 1)
		Same("by tag", len(Must(c.Machines(gomaasapi.MachinesArgs{Tags: []string{"juju-tag"}}))), 1)
		Same("by agent", len(Must(c.Machines(gomaasapi.MachinesArgs{AgentName: "nobody"}))), 0)
		_, _, err := c.AllocateMachine(gomaasapi.AllocateMachineArgs{MinCPUCount: 100000})
		Same("no match", gomaasapi.IsNoMatchError(err), true)
	})
	machine := allocate()
	device(machine)
	deploy(machine)
}

func spaceOf(name string) gomaasapi.Space {
	for _, one := range Must(c.Spaces()) {
		if one.Name() == name {
			return one
		}
	}
	panic("no space " + name)
}

// nearSubnet is the one with an address for everybody; the other is of the machines' own, found at their commissioning.
func nearSubnet() gomaasapi.Subnet {
	for _, one := range spaceOf("juju-space").Subnets() {
		if one.CIDR() == "10.66.0.0/24" {
			return one
		}
	}
	panic("no subnet 10.66.0.0/24")
}

func allocate() (machine gomaasapi.Machine) {
	Step("allocate with constraints", func() {
		wanted := gomaasapi.AllocateMachineArgs{
			Architecture: "amd64", MinCPUCount: 1, MinMemory: 2048, Tags: []string{"juju-tag"}, NotTags: []string{"other-tag"}, Zone: "default",
			Storage:    []gomaasapi.StorageSpec{{Label: "root", Size: 1}},
			Interfaces: []gomaasapi.InterfaceSpec{{Label: "front", Space: "juju-space"}},
			AgentName:  "juju-agent", Comment: "for the tests", DryRun: true,
		}
		tried, _, err := c.AllocateMachine(wanted)
		Check(err)
		Same("tried", tried.Hostname(), "juju-1")
		wanted.DryRun = false
		var matches gomaasapi.ConstraintMatches
		machine, matches, err = c.AllocateMachine(wanted)
		Check(err)
		Same("status", machine.StatusName(), "Allocated")
		Same("interfaces", len(matches.Interfaces["front"]), 1)
		Same("disks", len(matches.Storage["root"]), 1)
		Same("hardware", len(machine.HardwareInfo()) > 0, true)
		Same("by agent", len(Must(c.Machines(gomaasapi.MachinesArgs{AgentName: "juju-agent"}))), 1)
		Check(machine.SetOwnerData(map[string]string{"juju-model": "m1"}))
		Same("by owner data", len(Must(c.Machines(gomaasapi.MachinesArgs{OwnerData: map[string]string{"juju-model": "m1"}}))), 1)
		_, _, err = c.AllocateMachine(gomaasapi.AllocateMachineArgs{NotSpace: []string{"juju-space"}, Tags: []string{"juju-tag"}})
		Same("no match", gomaasapi.IsNoMatchError(err), true)
	})
	return machine
}

// device: a container of the machine, as Juju makes one for each.
func device(machine gomaasapi.Machine) {
	Step("devices of a machine", func() {
		subnet := nearSubnet()
		made := Must(machine.CreateDevice(gomaasapi.CreateMachineDeviceArgs{
			Hostname: "juju-container", InterfaceName: "eth0", MACAddress: "0a:66:00:00:02:01", Subnet: subnet, VLAN: subnet.VLAN(),
		}))
		Same("parent", made.Parent(), machine.SystemID())
		Same("links", len(made.InterfaceSet()[0].Links()), 1)
		another := Must(made.CreateInterface(gomaasapi.CreateInterfaceArgs{Name: "eth1", MACAddress: "0a:66:00:00:02:02", VLAN: subnet.VLAN(), Tags: []string{"a", "b"}, MTU: 1400}))
		Check(another.LinkSubnet(gomaasapi.LinkSubnetArgs{Mode: gomaasapi.LinkModeStatic, Subnet: subnet, IPAddress: "10.66.0.77"}))
		Same("address", another.Links()[0].IPAddress(), "10.66.0.77")
		Check(another.UnlinkSubnet(subnet))
		// Without an address it is still up.
		Same("link", another.Links()[0].Mode(), "link_up")
		Check(another.Update(gomaasapi.UpdateInterfaceArgs{Name: "eth2"}))
		Check(another.Delete())
		Same("of the machine", len(Must(machine.Devices(gomaasapi.DevicesArgs{}))), 1)
		Same("by MAC", len(Must(c.Devices(gomaasapi.DevicesArgs{MACAddresses: []string{"0a:66:00:00:02:01"}}))), 1)
		Check(made.Delete())
		Same("gone", len(Must(c.Devices(gomaasapi.DevicesArgs{Hostname: []string{"juju-container"}}))), 0)
		alone := Must(c.CreateDevice(gomaasapi.CreateDeviceArgs{Hostname: "juju-alone", MACAddresses: []string{"0a:66:00:00:02:03"}}))
		Check(alone.Delete())
	})
}

func deploy(machine gomaasapi.Machine) {
	Step("deploy and release", func() {
		Check(machine.Start(gomaasapi.StartArgs{UserData: "I2Nsb3VkLWNvbmZpZwp7fQo=", Comment: "for the tests"}))
		Until("Deployed", func() (bool, string) {
			now := Must(c.Machines(gomaasapi.MachinesArgs{SystemIDs: []string{machine.SystemID()}}))[0]
			return now.StatusName() == "Deployed", now.StatusName() + " " + now.StatusMessage()
		})
		now := Must(c.Machines(gomaasapi.MachinesArgs{SystemIDs: []string{machine.SystemID()}}))[0]
		Same("power", now.PowerState(), "on")
		Same("system", now.OperatingSystem() != "", true)
		Same("addresses", len(now.IPAddresses()) > 0, true)
		Same("boot interface", now.BootInterface() != nil, true)
		Check(c.ReleaseMachines(gomaasapi.ReleaseMachinesArgs{SystemIDs: []string{machine.SystemID()}, Comment: "done"}))
		Same("unknown", gomaasapi.IsBadRequestError(c.ReleaseMachines(gomaasapi.ReleaseMachinesArgs{SystemIDs: []string{"zzzzzz"}})), true)
	})
}
