package main

import (
	"github.com/canonical/gomaasclient/entity"
	subnets "github.com/canonical/gomaasclient/entity/subnet"
	. "rackwright.invalid/clients/steps"
)

// names: DNS.
func names() {
	var domain *entity.Domain
	Step("domains", func() {
		domain = Must(c.Domains.Create(&entity.DomainParams{Name: "tf.example", TTL: 60, Authoritative: true}))
		Same("ttl", domain.TTL, 60)
		changed := Must(c.Domain.Update(domain.ID, &entity.DomainParams{Name: "tf2.example", TTL: 90, Authoritative: true}))
		Same("name", changed.Name, "tf2.example")
		before := 0
		for _, one := range Must(c.Domains.Get()) {
			if one.IsDefault {
				before = one.ID
			}
		}
		Same("default", Must(c.Domain.SetDefault(domain.ID)).IsDefault, true)
		Same("default again", Must(c.Domain.SetDefault(before)).ID, before)
	})
	Step("DNS names and records", func() {
		name := Must(c.DNSResources.Create(&entity.DNSResourceParams{
			Name: "www", Domain: "tf2.example", IPAddresses: "10.77.0.20", AddressTTL: 30,
		}))
		Same("fqdn", name.FQDN, "www.tf2.example")
		Same("address", name.IPAddresses[0].IP.String(), "10.77.0.20")
		changed := Must(c.DNSResource.Update(name.ID, &entity.DNSResourceParams{IPAddresses: "10.77.0.20 10.77.0.21", AddressTTL: 31}))
		Same("addresses", len(changed.IPAddresses), 2)
		record := Must(c.DNSResourceRecords.Create(&entity.DNSResourceRecordParams{
			FQDN: "mail.tf2.example", RRType: "TXT", RRData: "v=spf1 -all", TTL: 40,
		}))
		Same("type", record.RRType, "TXT")
		Same("data", Must(c.DNSResourceRecord.Update(record.ID, &entity.DNSResourceRecordParams{RRType: "TXT", RRData: "another", TTL: 41})).TTL, 41)
		Same("found", len(Must(c.DNSResourceRecords.Get(&entity.DNSResourceRecordsParams{RRType: "TXT"}))), 1)
		Same("by name", len(Must(c.DNSResources.Get(&entity.DNSResourcesParams{FQDN: "www.tf2.example"}))), 1)
		Check(c.DNSResourceRecord.Delete(record.ID))
		Check(c.DNSResource.Delete(name.ID))
		Check(c.Domain.Delete(domain.ID))
	})
}

// addresses: those that people reserve, and devices that have them.
func addresses() {
	Step("reserved addresses", func() {
		address := Must(c.IPAddresses.Reserve(&entity.IPAddressesParams{Subnet: "10.77.0.0/24", IP: "10.77.0.30"}))
		Same("address", address.IP.String(), "10.77.0.30")
		Same("listed", len(Must(c.IPAddresses.Get(&entity.IPAddressesParams{IP: "10.77.0.30"}))), 1)
		Same("in its subnet", has(Must(c.Subnet.GetIPAddresses(subnet.ID)), addressIs("10.77.0.30")), true)
		Check(c.IPAddresses.Release(&entity.IPAddressesParams{IP: "10.77.0.30"}))
		kept := Must(c.ReservedIPs.Create(&entity.ReservedIPCreateParams{
			IP: "10.77.0.31", MACAddress: "02:00:00:00:77:31", Comment: "a printer", Subnet: subnet.ID,
		}))
		Same("comment", Must(c.ReservedIP.Update(kept.ID, &entity.ReservedIPUpdateParams{Comment: "another"})).Comment, "another")
		Same("listed", len(Must(c.ReservedIPs.Get())), 1)
		Check(c.ReservedIP.Delete(kept.ID))
	})
	Step("devices", func() {
		device := Must(c.Devices.Create(&entity.DeviceCreateParams{
			Hostname: "tf-device", Description: "a camera", MacAddresses: []string{"02:00:00:00:77:01", "02:00:00:00:77:02"},
		}))
		Same("interfaces", len(device.InterfaceSet), 2)
		link := Must(c.NetworkInterface.LinkSubnet(device.SystemID, device.InterfaceSet[0].ID, &entity.NetworkInterfaceLinkParams{
			Mode: "STATIC", Subnet: subnet.ID, IPAddress: "10.77.0.40", Force: true,
		}))
		Same("mode", link.Links[0].Mode, "static")
		Same("addresses", len(Must(c.Device.Get(device.SystemID)).IPAddresses), 1)
		changed := Must(c.Device.Update(device.SystemID, &entity.DeviceUpdateParams{Hostname: "tf-device-2", Description: "of the hall"}))
		Same("description", changed.Description, "of the hall")
		Same("listed", has(Must(c.Devices.Get()), func(d entity.Device) bool { return d.SystemID == device.SystemID }), true)
		Check(c.Device.Delete(device.SystemID))
		_, err := c.Device.Get(device.SystemID)
		Refused(err, "404 Not Found")
	})
	Step("what is in use is not deleted, and what is not, is", func() {
		Refused(c.VLAN.Delete(fabric.ID, 0), "400 Bad Request")
		Check(c.IPRange.Delete(reserved.ID))
		Check(c.Subnet.Delete(far.ID))
		_, err := c.Subnet.Get(far.ID)
		Refused(err, "404 Not Found")
	})
}

func addressIs(address string) func(subnets.IPAddress) bool {
	return func(one subnets.IPAddress) bool { return one.IP.String() == address }
}
