#!/bin/sh
# Makes the fixtures in certificates/ and cms/ anew, with OpenSSL 3. See README.md.
set -eu
out=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
cd "$work"

# Certificates. Leaves live for 100 years unless they are about time.
key() { # name kind
  case $2 in
    rsa) openssl genrsa -out "$1.key" 2048 ;;
    rsa1024) openssl genrsa -out "$1.key" 1024 ;;
    p256) openssl ecparam -name prime256v1 -genkey -noout -out "$1.key" ;;
    p384) openssl ecparam -name secp384r1 -genkey -noout -out "$1.key" ;;
  esac 2>/dev/null
}
request() { openssl req -new -key "$1.key" -subj "/CN=$2" -out "$1.csr"; }
root() { # name subject
  key "$1" rsa
  openssl req -x509 -new -key "$1.key" -subj "/CN=$2" -days 36500 -sha256 -out "$1.pem" \
    -addext keyUsage=critical,keyCertSign,cRLSign
}
leaf() { # name kind ca serial extensions...
  name=$1 ca=$3 serial=$4
  key "$1" "$2"
  request "$1" "$1"
  shift 4
  printf '%s\n' subjectKeyIdentifier=hash authorityKeyIdentifier=keyid "$@" > extensions
  openssl x509 -req -in "$name.csr" -CA "$ca.pem" -CAkey "$ca.key" -set_serial "$serial" \
    -days 36500 -sha256 -extfile extensions -out "$name.pem" 2>/dev/null
}
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
extendedKeyUsage = clientAuth
[issuer]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign
X
during() { # name from to extensions issuer-options...
  name=$1 from=$2 to=$3 extensions=$4
  shift 4
  openssl ca -batch -config ca.cnf -notext -in "$name.csr" -startdate "$from" -enddate "$to" \
    -extensions "$extensions" -out "$name.pem" "$@" 2>/dev/null
}

client=extendedKeyUsage=clientAuth
root ca "Test CA"
root impostor "Test CA"
root other "Other CA"
leaf intermediate rsa ca 0x10 basicConstraints=critical,CA:TRUE keyUsage=critical,keyCertSign
leaf rsa rsa ca 0x21 $client
leaf p256 p256 ca 0x22 $client
leaf p384 p384 ca 0x23 $client
leaf rsa1024 rsa1024 ca 0x24 $client
leaf below rsa intermediate 0x25 $client
leaf server rsa ca 0x26 extendedKeyUsage=serverAuth
leaf unstated rsa ca 0x27
leaf stranger p256 other 0x28 $client
leaf impostors p256 impostor 0x29 $client
for name in bounded bounded-stranger; do key $name p256; request $name $name; done
during bounded 20300101000000Z 20310101000000Z leaf -cert ca.pem -keyfile ca.key
during bounded-stranger 20300101000000Z 20310101000000Z leaf -cert other.pem -keyfile other.key
# A CA that ends in 2029 and its renewal, and an intermediate that ends then.
key short-ca p256
request short-ca "Short CA"
during short-ca 20270101000000Z 20290101000000Z issuer -selfsign -keyfile short-ca.key
leaf under-short p256 short-ca 0x30 $client
cp short-ca.csr short-ca-renewed.csr
during short-ca-renewed 20280601000000Z 21200101000000Z issuer -selfsign -keyfile short-ca.key
key short-intermediate p256
request short-intermediate short-intermediate
during short-intermediate 20270101000000Z 20290101000000Z issuer -cert ca.pem -keyfile ca.key
leaf below-short p256 short-intermediate 0x31 $client

# Signatures over body.
printf '<plist version="1.0"><dict><key>Status</key><string>Idle</string></dict></plist>\n' > body
sign() { # name options...
  name=$1
  shift
  openssl cms -sign -binary -in body -outform DER -out "$name.der" "$@"
}
rsa="-signer rsa.pem -inkey rsa.key" p256="-signer p256.pem -inkey p256.key"
for digest in sha256 sha384 sha512; do
  sign rsa-$digest $rsa -md $digest
  sign p256-$digest $p256 -md $digest
done
sign rsa-noattr $rsa -md sha256 -noattr
sign p256-noattr $p256 -md sha256 -noattr
sign rsa-keyid $rsa -md sha256 -keyid
sign rsa-sha1 $rsa -md sha1
sign rsa-pss $rsa -md sha256 -keyopt rsa_padding_mode:pss
sign rsa1024-sha256 -signer rsa1024.pem -inkey rsa1024.key -md sha256
sign p384-sha384 -signer p384.pem -inkey p384.key -md sha384
sign two-signers $rsa $p256 -md sha256
sign no-certificate $rsa -md sha256 -nocerts
cat p256.pem other.pem ca.pem > extra.pem
sign extra-certificates $rsa -md sha256 -certfile extra.pem
sign attached $rsa -md sha256 -nodetach
sign ber-attached $rsa -md sha256 -nodetach -stream
sign other-type $rsa -md sha256 -econtent_type pkcs7-signedData
openssl crl2pkcs7 -nocrl -certfile ca.pem -outform DER -out certs-only.der

# Messages for one reader.
printf 'for one reader only' > secret
encrypt() { # name options...
  name=$1
  shift
  openssl cms -encrypt -binary -in secret -outform DER -out "$name.der" "$@"
}
for cipher in aes128 aes192 aes256 des3; do encrypt enc-$cipher -$cipher rsa.pem; done
encrypt enc-ber -stream -aes128 rsa.pem
encrypt enc-keyid -aes256 -keyid -recip rsa.pem
encrypt enc-two -aes256 below.pem rsa.pem
encrypt enc-oaep -aes256 -recip rsa.pem -keyopt rsa_padding_mode:oaep
encrypt enc-p256 -aes256 -recip p256.pem

rm -f extra.pem
mkdir -p "$out/cms" "$out/certificates"
cp ./*.der body secret "$out/cms/"
cp ./*.pem "$out/certificates/"
openssl pkcs8 -topk8 -nocrypt -in rsa.key -outform DER -out "$out/certificates/rsa-key.der"
openssl pkcs8 -topk8 -nocrypt -in p256.key -out "$out/certificates/p256-key.pem"
chmod 644 "$out"/certificates/* "$out"/cms/*
rm -rf "$work"
