import assert from "node:assert/strict";
import { test } from "node:test";
import { lldpRouters } from "./lldp.ts";

const neighbour = (type: string, id: string) => `
 <interface label="Interface" name="eth0" via="LLDP">
  <chassis label="Chassis">
   <id label="ChassisID" type="${type}">${id}</id>
   <name label="SysName">switch</name>
  </chassis>
  <port label="Port"><id label="PortID" type="mac">02:00:00:00:00:99</id></port>
 </interface>`;

test("the chassis of neighbours count, by MAC address and once each", () => {
  const xml = `<?xml version="1.0"?><lldp label="LLDP neighbors">${neighbour("mac", "AA:bb:CC:00:11:22")}${neighbour("local", "x")}${neighbour("mac", "aa:bb:cc:00:11:22")}${neighbour("mac", "02-00-00-00-00-01")}</lldp>`;
  assert.deepEqual(lldpRouters(xml), ["aa:bb:cc:00:11:22", "02:00:00:00:00:01"]);
  for (const text of ["", "nonsense", '<lldp label="LLDP neighbors"/>']) assert.deepEqual(lldpRouters(text), []);
});
