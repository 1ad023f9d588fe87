#!/bin/sh -e
# A signed bundle for RAUC and what its service needs:  make_raucb.sh FOLDER IMAGE SLOT_A SLOT_B
# Leaves FOLDER/update.raucb, FOLDER/system.conf and FOLDER/rauc-install.
mkdir -p "$1/bundle" "$1/mount"
cd "$1"
cp "$2" bundle/rootfs.img
openssl req -x509 -newkey rsa:2048 -nodes -keyout signer.key -out signer.pem -days 30 -subj /CN=oem \
  2>openssl.log
printf '[update]\ncompatible=edge-x64\nversion=2.0\n[bundle]\nformat=plain\n[image.rootfs]\nfilename=rootfs.img\n' \
  >bundle/manifest.raucm
rauc bundle --cert=signer.pem --key=signer.key bundle update.raucb >rauc.log 2>&1
printf '#!/bin/sh\ncase $1 in get-primary|get-current) echo A ;; get-state) echo good ;; esac\n' >backend
# The D-Bus of this test alone; on a device the system's bus and rauc.service are there anyway.
cat >rauc-install <<EOF
#!/bin/sh -e
exec dbus-run-session -- sh -ec '
  export DBUS_STARTER_BUS_TYPE=session
  rauc --conf=$PWD/system.conf --override-boot-slot=A service >$PWD/service.log 2>&1 &
  trap "kill \$!" EXIT
  i=0
  until rauc --conf=$PWD/system.conf status >/dev/null 2>&1; do
    i=\$((i + 1)); test \$i -lt 300; sleep 0.1
  done
  rauc install "\$1"' sh "\$1"
EOF
chmod +x backend rauc-install
cat >system.conf <<EOF
[system]
compatible=edge-x64
bootloader=custom
activate-installed=false
statusfile=$PWD/status
mountprefix=$PWD/mount
[handlers]
bootloader-custom-backend=$PWD/backend
[keyring]
path=$PWD/signer.pem
[slot.rootfs.0]
device=$3
type=raw
bootname=A
[slot.rootfs.1]
device=$4
type=raw
bootname=B
EOF
