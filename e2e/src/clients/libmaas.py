"""What people do with python-libmaas, against a region with emulated machines. Each step is a line of JSON on standard output."""
import json
import os
import traceback

import maas.client
from maas.client.enum import BlockDeviceType, CacheMode, InterfaceType, LinkMode, NodeStatus, PowerState, RaidLevel

STEPS = []
GIB = 2**30
site = {}


def step(name):
    def register(body):
        STEPS.append((name, body))
        return body

    return register


def same(what, got, wanted):
    if got != wanted:
        raise AssertionError(f"{what}: {got!r}, not {wanted!r}")


@step("connect with a key, log in with a password")
def connect():
    url, key = os.environ["MAAS_URL"], os.environ["MAAS_API_KEY"]
    site["c"] = maas.client.connect(url, apikey=key)
    same("user", site["c"].users.whoami().username, "admin")
    logged_in = maas.client.login(url, username="admin", password=os.environ["MAAS_PASSWORD"])
    same("user", logged_in.users.whoami().username, "admin")
    same("version", bool(site["c"].version.get().version), True)


@step("networks")
def networks():
    c = site["c"]
    fabric = c.fabrics.create(name="py-fabric", class_type="1g")
    vlan = fabric.vlans.create(30, name="py-vlan", mtu=1500)
    vlan.name = "py-vlan-2"
    vlan.save()
    same("name", c.fabrics.get(fabric.id).vlans.get_default().vid, 0)
    subnet = c.subnets.create("10.88.0.0/24", vlan, name="py-subnet", gateway_ip="10.88.0.1", dns_servers=["10.88.0.2"])
    subnet.name = "py-subnet-2"
    subnet.save()
    same("name", c.subnets.get(subnet.id).name, "py-subnet-2")
    far = c.subnets.create("10.89.0.0/24", vlan)
    addresses = c.ip_ranges.create("10.88.0.10", "10.88.0.19", subnet=subnet, comment="kept")
    same("range", c.ip_ranges.get(addresses.id).end_ip, "10.88.0.19")
    route = c.static_routes.create(far, subnet, "10.88.0.1", 3)
    same("metric", c.static_routes.get(route.id).metric, 3)
    space = c.spaces.create(name="py-space")
    same("space", c.spaces.get(space.id).name, "py-space")
    for one in (route, addresses, far, space):
        one.delete()
    site.update(fabric=fabric, vlan=vlan, subnet=subnet)


@step("names, zones, pools, tags")
def names():
    c = site["c"]
    domain = c.domains.create("py.example", authoritative=True, ttl=30)
    same("ttl", c.domains.get(domain.id).ttl, 30)
    domain.delete()
    zone = c.zones.create("py-zone", "cellar")
    zone.description = "attic"
    zone.save()
    same("description", c.zones.get("py-zone").description, "attic")
    zone.delete()
    pool = c.resource_pools.create("py-pool", "old ones")
    same("pool", c.resource_pools.get(pool.id).name, "py-pool")
    pool.delete()
    site["tag"] = c.tags.create("py-tag", comment="of the tests", kernel_opts="quiet")
    same("tags", "py-tag" in [tag.name for tag in c.tags.list()], True)


@step("users, keys, files, settings")
def accounts():
    c = site["c"]
    user = c.users.create("py-user", "a long enough one", email="py@example.com")
    same("administrator", user.is_admin, False)
    same("listed", "py-user" in [one.username for one in c.users.list()], True)
    key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGtCKD0hBPGGFAAqJDUAvPaS4qQ4XjR4KfQ0dXbQK6cQ py"
    same("key", c.ssh_keys.create(key).key, key)
    same("files", list(c.files.list()), [])
    c.maas.set_name("py-region")
    same("name", c.maas.get_name(), "py-region")
    c.maas.set_upstream_dns(["192.0.2.53"])
    same("upstream", c.maas.get_upstream_dns(), ["192.0.2.53"])
    c.maas.set_upstream_dns(None)
    c.maas.set_curtin_verbose(False)
    same("verbose", c.maas.get_curtin_verbose(), False)
    same("layout", c.maas.get_default_storage_layout() is not None, True)
    credentials = c.account.create_credentials()
    c.account.delete_credentials(credentials)
    same("images", len(c.boot_resources.list()) > 0, True)
    same("rack", len(c.rack_controllers.list()), 1)


@step("boot sources")
def boot_sources():
    c = site["c"]
    source = c.boot_sources.create("http://images.example.com/py/", keyring_filename="/usr/share/keyrings/a.gpg")
    same("listed", "http://images.example.com/py/" in [one.url for one in c.boot_sources.list()], True)
    same("dates", source.created <= source.updated, True)
    source.delete()


@step("devices")
def devices():
    c = site["c"]
    device = c.devices.create(["02:00:00:00:88:01"], hostname="py-device")
    same("name", c.devices.get(device.system_id).hostname, "py-device")
    nic = device.interfaces[0]
    nic.vlan = site["vlan"]
    nic.save()
    link = nic.links.create(LinkMode.STATIC, subnet=site["subnet"], ip_address="10.88.0.50")
    same("address", link.ip_address, "10.88.0.50")
    device.delete()


@step("create a machine, and commission it")
def create():
    c = site["c"]
    made = c.machines.create(
        "amd64", ["0a:88:00:00:00:01"], "webhook",
        {"power_on_uri": "http://192.0.2.1/on", "power_off_uri": "http://192.0.2.1/off", "power_query_uri": "http://192.0.2.1/query"},
        hostname="py-machine",
    )
    while made.status in (NodeStatus.COMMISSIONING, NodeStatus.TESTING, NodeStatus.NEW):
        made = c.machines.get(made.system_id)
    same("status", made.status, NodeStatus.READY)
    made.commission(skip_networking=True, wait=True, wait_interval=1)
    same("status", made.status, NodeStatus.READY)
    same("power", made.get_power_parameters()["power_on_uri"], "http://192.0.2.1/on")
    made.set_power("webhook", {"power_on_uri": "http://192.0.2.1/start", "power_off_uri": "http://192.0.2.1/off", "power_query_uri": "http://192.0.2.1/query"})
    same("power", made.get_power_parameters()["power_on_uri"], "http://192.0.2.1/start")
    same("lshw", made.get_details()["lshw"] is not None, True)
    made.hostname = "py-machine-2"
    made.save()
    made.tags.add(site["tag"])
    same("tags", [tag.name for tag in c.machines.get(made.system_id).tags], ["py-tag"])
    site["m"] = made


@step("disks, partitions, arrays, volumes, caches")
def storage():
    machine = site["m"]
    disks = [machine.block_devices.create(f"py{n}", model="test", serial=f"py{n}", size=20 * GIB, block_size=512, tags=["ssd"]) for n in range(6)]
    same("type", disks[0].type, BlockDeviceType.PHYSICAL)
    disks[0].format("ext4")
    disks[0].mount("/srv", mount_options="noatime")
    same("mounted", disks[0].filesystem.mount_point, "/srv")
    disks[0].unmount()
    disks[0].unformat()
    disks[0].set_as_boot_disk()
    part = disks[0].partitions.create(5 * GIB)
    part.format("ext4")
    part.mount("/data")
    part.umount()
    part.unformat()
    part.delete()
    raid = machine.raids.create(RaidLevel.RAID_1, [disks[1], disks[2]], name="md8", spare_devices=[disks[3]])
    same("level", raid.level, RaidLevel.RAID_1)
    raid.delete()
    group = machine.volume_groups.create("vg8", [disks[1], disks[2]])
    volume = group.logical_volumes.create("lv8", 4 * GIB)
    volume.format("xfs")
    same("volume", volume.name, "vg8-lv8")
    volume.delete()
    group.delete()
    cache = machine.cache_sets.create(disks[4])
    bcache = machine.bcaches.create("bcache8", disks[5], cache, CacheMode.WRITETHROUGH)
    same("mode", bcache.cache_mode, CacheMode.WRITETHROUGH)
    bcache.delete()
    cache.delete()
    for disk in disks:
        disk.delete()


@step("interfaces")
def interfaces():
    machine = site["m"]
    first, second = (
        machine.interfaces.create(InterfaceType.PHYSICAL, name=f"py{n}", mac_address=f"0a:88:00:00:01:0{n}", vlan=site["vlan"], tags=["a"], mtu=1400)
        for n in (1, 2)
    )
    first.name = "py3"
    first.save()
    link = first.links.create(LinkMode.STATIC, subnet=site["subnet"], ip_address="10.88.0.60", default_gateway=True)
    same("address", link.ip_address, "10.88.0.60")
    # What create gives back does not know its interface.
    [link] = site["c"].machines.get(machine.system_id).interfaces.get_by_name("py3").links
    link.set_as_default_gateway()
    machine.clear_default_gateways()
    link.delete()
    bond = machine.interfaces.create(
        InterfaceType.BOND, name="bond8", parents=[first, second], mac_address="0a:88:00:00:01:01", bond_mode="active-backup", vlan=site["vlan"]
    )
    same("parents", sorted(parent.name for parent in bond.parents), ["py2", "py3"])
    tagged = site["fabric"].vlans.create(40)
    upon = machine.interfaces.create(InterfaceType.VLAN, parent=bond, vlan=tagged)
    same("type", upon.type, InterfaceType.VLAN)
    bridge = machine.interfaces.create(InterfaceType.BRIDGE, name="br8", parent=upon, bridge_stp=True, bridge_fd=0)
    same("type", bridge.type, InterfaceType.BRIDGE)
    for one in (bridge, upon, bond, first, second, tagged):
        one.delete()


@step("allocate, deploy, release")
def life():
    c = site["c"]
    machine = c.machines.allocate(hostname="py-machine-2", architectures=["amd64/generic"], cpus=1, memory=1024.0, tags=["py-tag"])
    same("status", machine.status, NodeStatus.ALLOCATED)
    same("owner", machine.owner.username, "admin")
    machine.deploy(user_data=b"#cloud-config\n{}\n", comment="for the tests", wait=True, wait_interval=1)
    same("status", machine.status, NodeStatus.DEPLOYED)
    same("addresses", len(machine.ip_addresses) > 0, True)
    same("power", machine.query_power_state(), PowerState.ON)
    same("curtin", len(machine.get_curtin_config()) > 0, True)
    machine.lock()
    same("locked", c.machines.get(machine.system_id).locked, True)
    machine.unlock()
    machine.power_off(wait=True, wait_interval=1)
    machine.power_on(wait=True, wait_interval=1)
    machine.enter_rescue_mode(wait=True, wait_interval=1)
    machine.exit_rescue_mode(wait=True, wait_interval=1)
    same("status", c.machines.get(machine.system_id).status, NodeStatus.DEPLOYED)
    machine.release(comment="done", wait=True, wait_interval=1)
    same("status", c.machines.get(machine.system_id).status, NodeStatus.READY)
    same("listed", machine.system_id in [one.system_id for one in c.machines.list()], True)
    same("by name", [one.system_id for one in c.machines.list(hostnames=["py-machine-2"])], [machine.system_id])
    same("events", len(list(c.events.query(system_ids=[machine.system_id], limit=5))), 5)


@step("mark, restore, delete")
def end():
    c = site["c"]
    machine = c.machines.allocate(hostname="py-machine-2")
    machine.mark_broken(comment="smoke")
    same("status", machine.status, NodeStatus.BROKEN)
    machine.mark_fixed(comment="no smoke")
    same("status", machine.status, NodeStatus.READY)
    machine.restore_networking_configuration()
    machine.restore_storage_configuration()
    machine.restore_default_configuration()
    machine.delete()
    site["tag"].delete()
    site["subnet"].delete()
    site["vlan"].delete()


for name, body in STEPS:
    done = {"step": name}
    try:
        body()
    except BaseException as error:  # SystemExit too: a later step goes on
        done["error"] = "".join(traceback.format_exception(error))[-3000:]
    print(json.dumps(done, separators=(",", ":")), flush=True)
