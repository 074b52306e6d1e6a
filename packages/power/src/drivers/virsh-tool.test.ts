import assert from "node:assert/strict";
import { test } from "node:test";
import { renderDomain } from "./virsh-xml.ts";
import { addressComplaint, domainComplaint } from "./virsh-tool.ts";

test("addresses of libvirt that lead nowhere else are taken", () => {
  for (const address of [
    "qemu:///system",
    "qemu+ssh://ubuntu@192.168.122.1/system",
    "qemu+ssh://root@[fd00::1]:2222/system?no_verify=1",
    "qemu+unix:///system?socket=/run/libvirt/libvirt-sock",
    "qemu+tls://host.example.com/system",
  ])
    assert.equal(addressComplaint(address), undefined, address);
});

test("an address that would run a program, or hides something, is refused", () => {
  for (const address of [
    "192.168.1.1",
    "http://host/system",
    "qemu+ext:///system?command=/bin/sh",
    "qemu+ssh://host/system?command=/tmp/evil",
    "qemu+ssh://host/system?netcat=reboot;",
    "qemu+ssh://-oProxyCommand=reboot/system",
    "qemu+ssh://-oProxyCommand@host/system",
    "qemu+ssh://root:secret@host/system",
    "qemu+unix:///system?socket=/tmp/a;b",
    "qemu:///sys tem",
  ])
    assert.notEqual(addressComplaint(address), undefined, address);
});

test("a machine is named by its name or UUID, not by a number or an option", () => {
  for (const id of ["vm1", "2f0b0b52-0c56-4b34-8f6a-3b0f5a1c8d11", "a b", "7up"])
    assert.equal(domainComplaint(id), undefined, id);
  for (const id of ["7", "--help", "a;reboot", "a'b"]) assert.notEqual(domainComplaint(id), undefined, id);
});

test("what users name is text in a machine's XML", () => {
  const xml = renderDomain(
    {
      name: 'a"<b>&',
      uuid: "u",
      architecture: "amd64/generic",
      cores: 2,
      pinnedCores: [],
      memoryMib: 128,
      hugepages: true,
      disks: [{ sizeBytes: 1, pool: "p'" }],
      interfaces: [{ mac: "52:54:00:00:00:01", attach: { kind: "macvlan", to: "eno1", mode: "passthru" } }],
    },
    { arch: "x86_64", type: "kvm", volumes: [{ pool: "p'", name: "v", format: "raw" }] },
  );
  assert.match(xml, /<name>a&#34;&#60;b&#62;&#38;<\/name>/);
  assert.match(xml, /pool="p&#39;"/);
  assert.match(xml, /<source dev="eno1" mode="passthrough"\/>/);
  assert.match(xml, /<memoryBacking><hugepages\/>/);
});
