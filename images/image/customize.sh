#!/bin/sh
# mmdebstrap customize hook: turns the freshly installed root ($1) into our image.
# Environment: FLAVOUR (cloud|generic), BUILDER (this folder), INITRAMFS (machine/initramfs), OUT (boot-kernel and
# boot-initrd go there).
set -eu
root=$1
in_root() { chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C "$@"; }

cp -R --no-preserve=ownership "$BUILDER/files/." "$root/"

# --- disk boot: what update-initramfs puts into /boot, also after a kernel upgrade on the deployed machine
case $FLAVOUR in
  # Virtual disks only; the hooks of mdadm, lvm2, btrfs add theirs.
  cloud)
    echo 'MODULES=list' >"$root/etc/initramfs-tools/conf.d/rackwright"
    printf '%s\n' ext4 xfs btrfs vfat virtio_pci virtio_blk virtio_scsi sd_mod nvme xen-blkfront hv_storvsc bcache dm-mod >>"$root/etc/initramfs-tools/modules"
    ;;
  generic) echo 'MODULES=most' >"$root/etc/initramfs-tools/conf.d/rackwright" ;;
esac
printf 'COMPRESS=zstd\nCOMPRESSLEVEL=9\n# No swap to resume from: do not wait for one.\nRESUME=none\n' >>"$root/etc/initramfs-tools/conf.d/rackwright"
version=$(basename "$(ls -d "$root"/lib/modules/*)")
in_root update-initramfs -u -k "$version" >&2

# There is no older kernel to fall back to; the package made these for the one that it replaced, itself.
rm -f "$root/vmlinuz.old" "$root/initrd.img.old"

# --- network boot: an initrd of its own, with the few hooks that it needs laid over the system's in this mount namespace
conf=$root/tmp/netroot
cp -R --no-preserve=ownership "$INITRAMFS" "$conf"
: >"$conf/modules"
mkdir -p "$conf/conf.d" "$conf/system-hooks"
for hook in klibc-utils kmod udev zz-busybox; do
  cp "$root/usr/share/initramfs-tools/hooks/$hook" "$conf/system-hooks/"
done
mount --bind "$conf/system-hooks" "$root/usr/share/initramfs-tools/hooks"
in_root NETROOT_FLAVOUR="$FLAVOUR" mkinitramfs -d /tmp/netroot -o /tmp/boot-initrd "$version" >&2
umount "$root/usr/share/initramfs-tools/hooks"
mv "$root/tmp/boot-initrd" "$OUT/boot-initrd"
cp "$root/boot/vmlinuz-$version" "$OUT/boot-kernel"
chmod 644 "$OUT/boot-initrd" "$OUT/boot-kernel"
rm -rf "$conf"

# --- services
# lldpd and memory or RAID watchers run when somebody asks for them, not on every deployed machine.
for unit in lldpd.service nvmf-autoconnect.service nvmefc-boot-connections.service fsfreeze.service iperf3.service; do
  [ ! -e "$root/lib/systemd/system/$unit" ] || in_root systemctl disable "$unit" >/dev/null 2>&1 || true
done
in_root systemctl enable systemd-networkd.service systemd-resolved.service systemd-timesyncd.service ssh.service >/dev/null 2>&1
ln -sf ../run/systemd/resolve/stub-resolv.conf "$root/etc/resolv.conf"

# --- identity: none, each machine makes its own
in_root passwd -l root >/dev/null
rm -f "$root"/etc/ssh/ssh_host_* "$root/var/lib/dbus/machine-id" "$root/var/lib/systemd/random-seed"
: >"$root/etc/machine-id"
echo localhost >"$root/etc/hostname"
printf '127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\nff02::1 ip6-allnodes\nff02::2 ip6-allrouters\n' >"$root/etc/hosts"
: >"$root/etc/fstab"
echo 'LANG=C.UTF-8' >"$root/etc/default/locale"

# --- what only the build needed
rm -f "$root/etc/apt/apt.conf.d/99mmdebstrap" "$root/etc/dpkg/dpkg.cfg.d/99mmdebstrap"
rm -rf "$root"/var/lib/apt/lists/* "$root"/var/cache/apt/* "$root"/var/log/*.log "$root"/var/log/apt/* "$root"/tmp/*
