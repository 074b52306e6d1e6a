package main

import (
	"github.com/canonical/gomaasclient/entity"
	. "rackwright.invalid/clients/steps"
)

// machine made as Terraform makes one, and commissioned. @returns its system id
func machine() (id string) {
	Step("create a machine", func() {
		yes := true
		made := Must(c.Machines.Create(&entity.MachineCreateParams{
			Hostname: "tf-machine", Architecture: "amd64/generic", PowerType: "webhook", MACAddresses: []string{"0a:77:00:00:00:01"}, Commission: &yes,
		}, map[string]interface{}{"power_parameters_power_on_uri": "http://192.0.2.1/on", "power_parameters_power_off_uri": "http://192.0.2.1/off", "power_parameters_power_query_uri": "http://192.0.2.1/query"}))
		id = made.SystemID
		reach(id, "Ready", "Commissioning", "Testing")
		Same("power", Must(c.Machine.GetPowerParameters(id))["power_on_uri"], "http://192.0.2.1/on")
		ready := Must(c.Machine.Get(id))
		Same("disks", len(ready.PhysicalBlockDeviceSet) > 0, true)
		Same("memory", ready.Memory > 0, true)
		Same("pool", ready.Pool.Name, "default")
		Same("results", len(Must(c.NodeResults.Get(id, &entity.NodeResultParams{IncludeOutput: true}))) > 0, true)
		Same("lshw", len(Must(c.Machine.Details(id)).LSHW) > 0, true)
		Same("listed", has(Must(c.Machines.Get(&entity.MachinesParams{})), func(m entity.Machine) bool { return m.SystemID == id }), true)
	})
	Step("update a machine", func() {
		changed := Must(c.Machine.Update(id, &entity.MachineUpdateParams{
			Hostname: "tf-machine-2", Description: "of the tests", PowerType: "webhook", Pool: "default", Zone: "default",
		}, map[string]interface{}{"power_parameters_power_on_uri": "http://192.0.2.1/start"}))
		Same("description", changed.Description, "of the tests")
		Same("power", Must(c.Machine.GetPowerParameters(id))["power_on_uri"], "http://192.0.2.1/start")
	})
	return id
}

// reach waits as the Terraform provider does: any status that is not on the way is an error.
func reach(id, wanted string, onTheWay ...string) {
	Until(id+" "+wanted, func() (bool, string) {
		now := Must(c.Machine.Get(id))
		if now.StatusName != wanted && !has(onTheWay, func(status string) bool { return status == now.StatusName }) {
			panic("it is " + now.StatusName + " (" + now.StatusMessage + "), on the way to " + wanted)
		}
		return now.StatusName == wanted, now.StatusName + " " + now.StatusMessage
	})
}

func life(id string) {
	Step("commission again", func() {
		Must(c.Machine.Commission(id, &entity.MachineCommissionParams{SkipBMCConfig: true, TestingScripts: "none"}))
		reach(id, "Ready", "Commissioning", "Testing")
	})
	Step("tag", func() {
		Check(c.Tag.AddMachines("tf-tag-2", []string{id}))
		Same("tagged", len(Must(c.Tag.GetMachines("tf-tag-2"))), 1)
	})
	Step("allocate", func() {
		wanted := entity.MachineAllocateParams{Name: "tf-machine-2", Tags: []string{"tf-tag-2"}, CPUCount: 1, Mem: 1024, DryRun: true, Verbose: true}
		Same("tried", Must(c.Machines.Allocate(&wanted)).SystemID, id)
		Same("still there", Must(c.Machine.Get(id)).StatusName, "Ready")
		wanted.DryRun = false
		Same("allocated", Must(c.Machines.Allocate(&wanted)).StatusName, "Allocated")
		Same("listed", has(Must(c.Machines.ListAllocated()), func(m entity.Machine) bool { return m.SystemID == id }), true)
		annotated := Must(c.Machine.SetWorkloadAnnotations(id, map[string]string{"team": "blue"}))
		Same("annotation", annotated.WorkloadAnnotations["team"], "blue")
		_, err := c.Machines.Allocate(&wanted)
		Refused(err, "409 Conflict")
		_, err = c.Machines.Allocate(&entity.MachineAllocateParams{Tags: []string{"no-such-tag"}})
		Refused(err, "409 Conflict")
	})
	Step("mark broken and fixed", func() {
		Same("broken", Must(c.Machine.MarkBroken(id, "smoke")).StatusName, "Broken")
		Same("fixed", Must(c.Machine.MarkFixed(id, "no smoke")).StatusName, "Ready")
		Must(c.Machines.Allocate(&entity.MachineAllocateParams{SystemID: id}))
	})
	Step("deploy", func() {
		Must(c.Machine.Deploy(id, &entity.MachineDeployParams{UserData: "I2Nsb3VkLWNvbmZpZwp7fQo=", Comment: "for the tests"}))
		reach(id, "Deployed", "Deploying")
		deployed := Must(c.Machine.Get(id))
		Same("system", deployed.OSystem != "" && deployed.DistroSeries != "", true)
		Same("power", Must(c.Machine.GetPowerState(id)).State, "on")
		Same("addresses", len(deployed.IPAddresses) > 0, true)
		Same("token", Must(c.Machine.GetToken(id)).TokenKey != "", true)
		Same("curtin", len(Must(c.Machine.GetCurtinConfig(id))) > 0, true)
	})
	Step("lock and power", func() {
		Same("locked", Must(c.Machine.Lock(id, "")).Locked, true)
		_, err := c.Machine.Release(id, &entity.MachineReleaseParams{})
		Refused(err, "403 Forbidden")
		Same("unlocked", Must(c.Machine.Unlock(id, "")).Locked, false)
		Must(c.Machine.PowerOff(id, &entity.MachinePowerOffParams{Comment: "quiet"}))
		Until("power off", func() (bool, string) { now := Must(c.Machine.Get(id)).PowerState; return now == "off", now })
		Must(c.Machine.PowerOn(id, &entity.MachinePowerOnParams{}))
		Until("power on", func() (bool, string) { now := Must(c.Machine.Get(id)).PowerState; return now == "on", now })
	})
	Step("rescue mode", func() {
		Must(c.Machine.RescueMode(id))
		reach(id, "Rescue mode", "Entering rescue mode")
		Must(c.Machine.ExitRescueMode(id))
		reach(id, "Deployed", "Exiting rescue mode")
	})
	Step("release", func() {
		Must(c.Machine.Release(id, &entity.MachineReleaseParams{Comment: "done"}))
		reach(id, "Ready", "Releasing")
		Same("owner", Must(c.Machine.Get(id)).Owner, "")
		Same("events", Must(c.Events.Get(&entity.EventParams{ID: id, Limit: "10"})).Count, 10)
	})
	Step("deploy a Ready machine, abort, release many", func() {
		Must(c.Machine.Deploy(id, &entity.MachineDeployParams{}))
		Must(c.Machine.Abort(id, "changed my mind"))
		reach(id, "Allocated", "Deploying")
		Check(c.Machines.Release([]string{id}, "both"))
		reach(id, "Ready", "Releasing")
		Refused(c.Machines.Release([]string{"zzzzzz"}, ""), "400 Bad Request")
	})
	Step("restore", func() {
		Check(c.Machine.RestoreNetworkingConfiguration(id))
		Check(c.Machine.RestoreStorageConfiguration(id))
		Check(c.Machine.RestoreDefaultConfiguration(id))
	})
	Step("delete", func() {
		Check(c.Tag.RemoveMachines("tf-tag-2", []string{id}))
		Check(c.Tag.Delete("tf-tag-2"))
		Check(c.Machine.Delete(id))
		_, err := c.Machine.Get(id)
		Refused(err, "404 Not Found")
	})
}
