#!/bin/sh -e
# A signed update for SWUpdate:  make_swu.sh FOLDER IMAGE SLOT_A SLOT_B
# Leaves FOLDER/update.swu, FOLDER/signer.pem and FOLDER/stranger.pem.
cd "$1"
cp "$2" image.img
for name in signer stranger; do
  openssl req -x509 -newkey rsa:2048 -nodes -keyout $name.key -out $name.pem -days 30 \
    -subj "/CN=$name" -addext extendedKeyUsage=emailProtection 2>openssl.log
done
digest=$(sha256sum image.img | cut -c1-64)
cat >sw-description <<EOF
software = {
  version = "2.0";
  hardware-compatibility = [ "1.0" ];
  stable = {
    a: { images: ( { filename = "image.img"; device = "$3"; sha256 = "$digest"; } ); };
    b: { images: ( { filename = "image.img"; device = "$4"; sha256 = "$digest"; } ); };
  };
};
EOF
openssl cms -sign -in sw-description -out sw-description.sig -signer signer.pem -inkey signer.key \
  -outform DER -nosmimecap -binary
printf '%s\n' sw-description sw-description.sig image.img | cpio -o -H crc >update.swu 2>cpio.log
