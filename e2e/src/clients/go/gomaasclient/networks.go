package main

import (
	"strconv"

	"github.com/canonical/gomaasclient/entity"
	. "rackwright.invalid/clients/steps"
)

var (
	fabric   *entity.Fabric
	vlan     *entity.VLAN
	subnet   *entity.Subnet
	far      *entity.Subnet
	reserved *entity.IPRange
)

func networks() {
	Step("fabrics", func() {
		fabric = Must(c.Fabrics.Create(&entity.FabricParams{Name: "tf-fabric", ClassType: "10g"}))
		Same("untagged VLAN", len(fabric.VLANs), 1)
		changed := Must(c.Fabric.Update(fabric.ID, &entity.FabricParams{Name: "tf-fabric-2", Description: "of the tests"}))
		Same("name", changed.Name, "tf-fabric-2")
		Same("listed", has(Must(c.Fabrics.Get()), func(f entity.Fabric) bool { return f.ID == fabric.ID }), true)
		_, err := c.Fabric.Get(99999)
		Refused(err, "404 Not Found")
	})
	Step("spaces and VLANs", func() {
		space := Must(c.Spaces.Create("tf-space"))
		vlan = Must(c.VLANs.Create(fabric.ID, &entity.VLANParams{VID: 100, Name: "tf-vlan", MTU: 9000, Space: "tf-space"}))
		Same("space", vlan.Space, "tf-space")
		changed := Must(c.VLAN.Update(fabric.ID, 100, &entity.VLANParams{VID: 101, Name: "tf-vlan-2", MTU: 1500}))
		Same("vid", changed.VID, 101)
		Same("by vid", Must(c.VLAN.Get(fabric.ID, 101)).ID, vlan.ID)
		Same("VLANs", len(Must(c.VLANs.Get(fabric.ID))), 2)
		Same("new name", Must(c.Space.Update(space.ID, "tf-space-2")).Name, "tf-space-2")
		Same("its VLANs", len(Must(c.Space.Get(space.ID)).VLANs), 1)
	})
	Step("subnets", func() {
		params := entity.SubnetParams{
			CIDR: "10.77.0.0/24", Name: "tf-subnet", VLAN: strconv.Itoa(vlan.ID), GatewayIP: "10.77.0.1",
			DNSServers: []string{"10.77.0.2", "10.77.0.3"}, RDNSMode: 2, AllowDNS: true, Managed: true,
		}
		subnet = Must(c.Subnets.Create(&params))
		Same("gateway", subnet.GatewayIP.String(), "10.77.0.1")
		Same("name servers", len(subnet.DNSServers), 2)
		Same("VLAN", subnet.VLAN.ID, vlan.ID)
		params.Name, params.DNSServers = "tf-subnet-2", []string{"10.77.0.2"}
		changed := Must(c.Subnet.Update(subnet.ID, &params))
		Same("name", changed.Name, "tf-subnet-2")
		Same("name servers", len(changed.DNSServers), 1)
		far = Must(c.Subnets.Create(&entity.SubnetParams{CIDR: "10.78.0.0/24", VLAN: strconv.Itoa(vlan.ID)}))
		Same("listed", has(Must(c.Subnets.Get()), func(s entity.Subnet) bool { return s.ID == far.ID }), true)
	})
	Step("ranges", func() {
		reserved = Must(c.IPRanges.Create(&entity.IPRangeParams{
			Type: "reserved", Subnet: strconv.Itoa(subnet.ID), StartIP: "10.77.0.50", EndIP: "10.77.0.59", Comment: "kept",
		}))
		Same("subnet", reserved.Subnet.ID, subnet.ID)
		changed := Must(c.IPRange.Update(reserved.ID, &entity.IPRangeParams{
			Type: "reserved", Subnet: strconv.Itoa(subnet.ID), StartIP: "10.77.0.50", EndIP: "10.77.0.69",
		}))
		Same("end", changed.EndIP.String(), "10.77.0.69")
		Same("listed", has(Must(c.IPRanges.Get()), func(r entity.IPRange) bool { return r.ID == reserved.ID }), true)
		ranges := Must(c.Subnet.GetReservedIPRanges(subnet.ID))
		Same("purposes", len(ranges) > 0, true)
		Same("free", len(Must(c.Subnet.GetUnreservedIPRanges(subnet.ID))) > 0, true)
		Same("addresses", Must(c.Subnet.GetStatistics(subnet.ID)).TotalAddresses, 254)
		_, err := c.IPRanges.Create(&entity.IPRangeParams{
			Type: "reserved", Subnet: strconv.Itoa(subnet.ID), StartIP: "10.77.0.60", EndIP: "10.77.0.80",
		})
		Refused(err, "400 Bad Request")
	})
	Step("static routes", func() {
		route := Must(c.StaticRoutes.Create(&entity.StaticRouteParams{
			Source: strconv.Itoa(subnet.ID), Destination: strconv.Itoa(far.ID), GatewayIP: "10.77.0.1", Metric: 5,
		}))
		Same("destination", route.Destination.ID, far.ID)
		changed := Must(c.StaticRoute.Update(route.ID, &entity.StaticRouteParams{Metric: 7}))
		Same("metric", changed.Metric, 7)
		Same("listed", has(Must(c.StaticRoutes.Get()), func(r entity.StaticRoute) bool { return r.ID == route.ID }), true)
		Check(c.StaticRoute.Delete(route.ID))
		_, err := c.StaticRoute.Get(route.ID)
		Refused(err, "404 Not Found")
	})
}

func has[T any](all []T, is func(T) bool) bool {
	for _, one := range all {
		if is(one) {
			return true
		}
	}
	return false
}
