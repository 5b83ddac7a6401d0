#!/bin/sh
# Makes the signed profiles of this folder anew, with OpenSSL 3: one plain profile, signed well and
# badly. The keys are thrown away.
set -eu
out=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
cd "$work"

profile() { # extra text
  cat <<X
<?xml version="1.0" encoding="UTF-8"?>
<plist version="1.0">
<dict>
	<key>PayloadContent</key>
	<array>
		<dict>
			<key>PayloadDisplayName</key>
			<string>Screen saver$1</string>
			<key>PayloadIdentifier</key>
			<string>com.example.signed.saver</string>
			<key>PayloadType</key>
			<string>com.apple.screensaver</string>
			<key>PayloadUUID</key>
			<string>6F3B1E52-9C0D-4B0E-8A57-2D41C7E9F016</string>
			<key>PayloadVersion</key>
			<integer>1</integer>
			<key>askForPassword</key>
			<true/>
		</dict>
	</array>
	<key>PayloadDescription</key>
	<string>Locks the screen.</string>
	<key>PayloadDisplayName</key>
	<string>Signed</string>
	<key>PayloadIdentifier</key>
	<string>com.example.signed</string>
	<key>PayloadOrganization</key>
	<string>Example</string>
	<key>PayloadScope</key>
	<string>System</string>
	<key>PayloadType</key>
	<string>Configuration</string>
	<key>PayloadUUID</key>
	<string>0D9A7C1B-54E2-4F3A-B6D8-91C05E7A2F34</string>
	<key>PayloadVersion</key>
	<integer>1</integer>
</dict>
</plist>
X
}
profile "" > body
profile " of {{host.serial}}" > body-variable

mkdir db
: > db/index.txt
echo 40 > db/serial
cat > ca.cnf <<X
[ca]
default_ca = here
[here]
database = db/index.txt
serial = db/serial
new_certs_dir = db
default_md = sha256
policy = any
unique_subject = no
[any]
commonName = supplied
[leaf]
keyUsage = digitalSignature
X
openssl ecparam -name prime256v1 -genkey -noout -out ca.key
openssl req -x509 -new -key ca.key -subj "/CN=Profile CA" -days 36500 -sha256 -out ca.pem
leaf() { # name kind from to
  case $2 in
    p256) openssl ecparam -name prime256v1 -genkey -noout -out "$1.key" ;;
    p384) openssl ecparam -name secp384r1 -genkey -noout -out "$1.key" ;;
    *) openssl genrsa -out "$1.key" "$2" 2>/dev/null ;;
  esac
  openssl req -new -key "$1.key" -subj "/CN=$1" -out "$1.csr"
  openssl ca -batch -config ca.cnf -notext -in "$1.csr" -startdate "$3" -enddate "$4" \
    -extensions leaf -out "$1.pem" -cert ca.pem -keyfile ca.key 2>/dev/null
}
from=20260101000000Z to=21200101000000Z
leaf p256 p256 $from $to
leaf p384 p384 $from $to
leaf rsa 2048 $from $to
leaf rsa1024 1024 $from $to
leaf expired p256 20240101000000Z 20250101000000Z
leaf future p256 21100101000000Z $to

sign() { # name body options...
  name=$1 body=$2
  shift 2
  openssl cms -sign -binary -nodetach -in "$body" -outform DER -out "$out/$name.mobileconfig" "$@"
}
by() { echo "-signer $1.pem -inkey $1.key"; }
sign good body $(by p256)
sign p384 body $(by p384) -md sha384
sign rsa body $(by rsa)
sign sha1 body $(by rsa) -md sha1
sign md5 body $(by rsa) -md md5
sign rsa1024 body $(by rsa1024)
sign pss body $(by rsa) -keyopt rsa_padding_mode:pss
sign expired body $(by expired)
sign future body $(by future)
sign nocerts body $(by p256) -nocerts
sign two body $(by p256) $(by rsa)
sign variable body-variable $(by p256)
sign nested "$out/good.mobileconfig" $(by p256)
openssl cms -sign -binary -in body -outform DER -out "$out/detached.mobileconfig" $(by p256)
openssl cms -encrypt -binary -in body -outform DER -out "$out/encrypted.mobileconfig" -aes256 rsa.pem
cp ca.pem "$out/ca.pem"
cp p256.pem "$out/p256.pem"
rm -rf "$work"
