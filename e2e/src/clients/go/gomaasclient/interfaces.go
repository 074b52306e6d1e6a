package main

import (
	"github.com/canonical/gomaasclient/entity"
	. "rackwright.invalid/clients/steps"
)

func interfaces(id string) {
	var first, second *entity.NetworkInterface
	Step("network interfaces", func() {
		physical := func(name, mac string) *entity.NetworkInterface {
			return Must(c.NetworkInterfaces.CreatePhysical(id, &entity.NetworkInterfacePhysicalParams{
				Name: name, MACAddress: mac, VLAN: vlan.ID, MTU: 1400, Tags: "one,two", Enabled: true,
			}))
		}
		first, second = physical("tf0", "0a:77:00:00:01:01"), physical("tf1", "0a:77:00:00:01:02")
		Same("tags", len(first.Tags), 2)
		Same("MTU", first.EffectiveMTU, 1400)
		Same("VLAN", first.VLAN.ID, vlan.ID)
		Same("name", Must(c.NetworkInterface.Update(id, first.ID, &entity.NetworkInterfaceUpdateParams{Name: "tf2", MTU: 1450})).Name, "tf2")
		Same("tags", len(Must(c.NetworkInterface.AddTag(id, first.ID, "three")).Tags), 3)
		Must(c.NetworkInterface.RemoveTag(id, first.ID, "three"))
		linked := Must(c.NetworkInterface.LinkSubnet(id, first.ID, &entity.NetworkInterfaceLinkParams{
			Mode: "STATIC", Subnet: subnet.ID, IPAddress: "10.77.0.90", DefaultGateway: true,
		}))
		Same("address", linked.Links[0].IPAddress, "10.77.0.90")
		Same("gateway", Must(c.Machine.Get(id)).DefaultGateways.IPv4.GatewayIP.String(), "10.77.0.1")
		Must(c.NetworkInterface.SetDefaultGateway(id, first.ID, linked.Links[0].ID))
		Must(c.Machine.ClearDefaultGateways(id))
		unlinked := Must(c.NetworkInterface.UnlinkSubnet(id, first.ID, linked.Links[0].ID))
		Same("link", unlinked.Links[0].Mode, "link_up")
		Same("VLAN", Must(c.NetworkInterface.Disconnect(id, second.ID)).VLAN.ID, 0)
		Must(c.NetworkInterface.Update(id, second.ID, &entity.NetworkInterfaceUpdateParams{VLAN: vlan.ID}))
	})
	Step("bonds, bridges and VLAN interfaces", func() {
		bond := Must(c.NetworkInterfaces.CreateBond(id, &entity.NetworkInterfaceBondParams{
			Name: "bond7", Parents: []int{first.ID, second.ID}, BondMode: "802.3ad", BondMiimon: 100, BondLACPRate: "fast",
			BondXMitHashPolicy: "layer2", VLAN: vlan.ID, MACAddress: "0a:77:00:00:01:01",
		}))
		params, ok := bond.Params.(map[string]interface{})
		Same("an object", ok, true)
		Same("mode", params["bond_mode"], "802.3ad")
		Same("miimon", params["bond_miimon"], float64(100))
		Same("parents", len(bond.Parents), 2)
		tagged := Must(c.VLANs.Create(fabric.ID, &entity.VLANParams{VID: 200}))
		upon := Must(c.NetworkInterfaces.CreateVLAN(id, &entity.NetworkInterfaceVLANParams{Parents: []int{bond.ID}, VLAN: tagged.ID}))
		Same("name", upon.Name, "bond7.200")
		_, ok = upon.Params.(map[string]interface{})
		Same("an object", ok, true)
		bridge := Must(c.NetworkInterfaces.CreateBridge(id, &entity.NetworkInterfaceBridgeParams{
			Name: "br7", Parents: []int{upon.ID}, BridgeType: "standard", BridgeSTP: true, BridgeFD: 15, VLAN: tagged.ID,
		}))
		params, ok = bridge.Params.(map[string]interface{})
		Same("an object", ok, true)
		Same("type", params["bridge_type"], "standard")
		Same("read", Must(c.NetworkInterface.Get(id, bridge.ID)).Type, "bridge")
		Same("listed", has(Must(c.NetworkInterfaces.Get(id)), func(i entity.NetworkInterface) bool { return i.Name == "br7" }), true)
		for _, one := range []int{bridge.ID, upon.ID, bond.ID, first.ID, second.ID} {
			Check(c.NetworkInterface.Delete(id, one))
		}
		Check(c.VLAN.Delete(fabric.ID, 200))
	})
}
