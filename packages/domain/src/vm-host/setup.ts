/**
 * What makes a newly installed Debian or Ubuntu a host of virtual machines that a rack reaches as `qemu+ssh://virsh@ADDRESS/system` with a
 * password. A script of its own and no keys of a cloud-config: those of the owner's user-data replace equal ones of vendor-data.
 */

/** User that racks log in as. */
export const VM_HOST_USER = "virsh";

/** Systems that the script knows how to make hosts of; a custom image is found out about by it. */
const hosting: readonly string[] = ["debian", "ubuntu", "custom"];
export const canHostVms = (osystem: string): boolean => hosting.includes(osystem);

/** Of the user that exists for this alone; letters, digits, `-` and `_`, so that nothing needs to be quoted anywhere. */
const PASSWORD = /^[\w-]{16,128}$/;

/** Runs as root at the end of the first boot. The password is in no argument of a program, and in no output. */
export function vmHostScript(password: string): string {
  if (!PASSWORD.test(password)) throw new Error("the password of a VM host is made by us: letters, digits, - and _");
  return `#!/bin/sh
# Makes this machine a host of virtual machines: libvirt, and the user ${VM_HOST_USER}, who may speak to it by ssh and do nothing else.
set -eu
doing=starting
step() { doing=$1; echo "VM host: $doing"; }
finished() { [ "$1" = 0 ] || echo "VM host: failed while $doing (exit $1)" >&2; }
trap 'finished $?' EXIT
umask 022

step "installing libvirt"
export DEBIAN_FRONTEND=noninteractive
case $(uname -m) in
  x86_64) emulator="qemu-system-x86 seabios ipxe-qemu ovmf" ;;
  aarch64) emulator="qemu-system-arm ipxe-qemu qemu-efi-aarch64" ;;
  ppc64le) emulator="qemu-system-ppc" ;;
  *) emulator="qemu-system" ;;
esac
apt-get -q update
# shellcheck disable=SC2086
apt-get -q -y install --no-install-recommends $emulator qemu-utils libvirt-daemon-system libvirt-clients bridge-utils \\
  dnsmasq-base netcat-openbsd openssh-server

step "making the user ${VM_HOST_USER}"
shell=/usr/local/sbin/libvirt-by-ssh
mkdir -p "\${shell%/*}"
cat > "$shell" << 'END_OF_SHELL'
#!/bin/sh
# Login shell of the user ${VM_HOST_USER}: whatever is asked for, it is connected with libvirt.
if [ -x /usr/bin/virt-ssh-helper ]; then exec /usr/bin/virt-ssh-helper qemu:///system; fi
exec nc -U /run/libvirt/libvirt-sock
END_OF_SHELL
chmod 0755 "$shell"
id ${VM_HOST_USER} > /dev/null 2>&1 || useradd --system --home-dir /nonexistent --no-create-home ${VM_HOST_USER}
usermod --shell "$shell" --append --groups libvirt ${VM_HOST_USER}
chpasswd << 'END_OF_PASSWORD'
${VM_HOST_USER}:${password}
END_OF_PASSWORD

step "letting ${VM_HOST_USER} log in by ssh"
mkdir -p /etc/ssh/sshd_config.d
cat > /etc/ssh/sshd_config.d/10-${VM_HOST_USER}.conf << 'END_OF_SSHD'
Match User ${VM_HOST_USER}
  PasswordAuthentication yes
  PubkeyAuthentication no
  PermitTTY no
  PermitUserRC no
  PermitTunnel no
  X11Forwarding no
  AllowAgentForwarding no
  AllowTcpForwarding no
  AllowStreamLocalForwarding no
Match all
END_OF_SSHD
/usr/sbin/sshd -t
systemctl try-reload-or-restart ssh

step "making a storage pool"
virsh="virsh -q -c qemu:///system"
if [ -z "$($virsh pool-list --all --name)" ]; then
  $virsh pool-define-as default dir --target /var/lib/libvirt/images
  $virsh pool-build default
  $virsh pool-autostart default
  $virsh pool-start default
fi

step "making a network"
# Its machines are on the host's own wire, where they boot from, when that has a bridge.
bridge=$(ip -o route show default | sed -n 's/.* dev \\([^ ]*\\).*/\\1/p' | head -n 1)
if [ -n "$bridge" ] && [ -d "/sys/class/net/$bridge/bridge" ] && ! $virsh net-info maas > /dev/null 2>&1; then
  xml=$(mktemp)
  echo "<network><name>maas</name><forward mode='bridge'/><bridge name='$bridge'/></network>" > "$xml"
  $virsh net-define "$xml"
  rm "$xml"
  $virsh net-autostart maas
  $virsh net-start maas
fi
echo "VM host: ready"
`;
}
