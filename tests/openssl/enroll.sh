#!/bin/sh
# Enrolls in Mooring as a Mac does and speaks one session, with nothing but a POSIX shell and openssl 3: HTTP
# goes through s_client, the SCEP messages are put together here. It shares no code with the server. See
# README.md beside it.
#
#   enroll.sh [--mtls] [--stay] HOST:PORT CA_FILE LINK_OR_CHALLENGE [SERIAL [UDID]]
set -u
umask 077
LC_ALL=C
export LC_ALL

AGENT='MDM-OSX/1.0 mdmclient/1.0'
PLIST_HEAD='<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>'
PLIST_END='</dict>
</plist>'
# More commands than any session has.
COMMANDS_MAX=100

# ---- Words to the person -------------------------------------------------------------------------

say() {
    printf '== %s\n' "$*"
}

fail() {
    printf 'enroll.sh: %s\n' "$*" >&2
    exit 1
}

usage() {
    fail 'usage: enroll.sh [--mtls] [--stay] HOST:PORT CA_FILE LINK_OR_CHALLENGE [SERIAL [UDID]]'
}

# Runs openssl; what it says is shown only if it fails.
ssl() {
    openssl "$@" 2>"$DIR/openssl.log" || {
        sed 's/^/    /' "$DIR/openssl.log" >&2
        fail "openssl $1 failed"
    }
}

# ---- Bytes ---------------------------------------------------------------------------------------

# A file's bytes in hex, in one line.
hex() {
    od -An -v -tx1 "$1" | tr -d ' \n'
}

# The bytes of a text in hex.
text_hex() {
    printf '%s' "$1" | od -An -v -tx1 | tr -d ' \n'
}

# Bytes from hex on standard input: every 64 of them become one format of printf.
unhex() {
    awk 'BEGIN { for (i = 0; i < 256; i++) octal[sprintf("%02x", i)] = sprintf("\\%03o", i) }
        {
            for (i = 1; i <= length($0); i += 2) {
                line = line octal[substr($0, i, 2)]
                if (++count % 64 == 0) { print line; line = "" }
            }
        }
        END { if (line != "") print line }' | while read -r escaped; do
        # shellcheck disable=SC2059
        printf "$escaped"
    done
}

# One DER element: a tag and the content, both in hex.
der() {
    octets=$((${#2} / 2))
    if [ "$octets" -lt 128 ]; then
        printf '%s%02x%s' "$1" "$octets" "$2"
    elif [ "$octets" -lt 256 ]; then
        printf '%s81%02x%s' "$1" "$octets" "$2"
    else
        printf '%s82%04x%s' "$1" "$octets" "$2"
    fi
}

# The N-th element of a certificate's body (with the version as the first), tag and all, in hex.
part_of_certificate() {
    ssl asn1parse -inform DER -in "$1" >"$DIR/parts"
    place=$(awk -v wanted="$2" '{
        gsub(/[:=]/, " ")
        for (i = 1; i < NF; i++) if ($i == "d" && $(i + 1) == "2" && ++found == wanted) {
            print $1, $(i + 3), $(i + 5)
            exit
        }
    }' "$DIR/parts")
    # shellcheck disable=SC2086
    set -- "$1" $place
    hex "$1" | awk -v from="$2" -v octets="$(($3 + $4))" '{ print substr($0, from * 2 + 1, octets * 2) }'
}

# ---- Texts ---------------------------------------------------------------------------------------

# The string or data that follows a key: the first in the file.
value_of() {
    tr -d '\n\r\t' <"$2" | tr '<' '\n' | awk -v key="key>$1" '
        seen && /^(string|data)>/ { sub(/^[a-z]*>/, ""); print; exit }
        /^key>/ { seen = ($0 == key) }' | sed 's/&lt;/</g; s/&gt;/>/g; s/&amp;/\&/g'
}

# The string of a key of the outermost dictionary.
outer_value_of() {
    tr -d '\n\r\t' <"$2" | tr '<' '\n' | awk -v key="key>$1" '
        depth == 1 && seen && /^string>/ { sub(/^string>/, ""); print; exit }
        depth == 1 && /^key>/ { seen = ($0 == key) }
        /^(dict|array)>/ { depth++ }
        /^\/(dict|array)>/ { depth-- }'
}

has_true() {
    tr -d '\n\r\t ' <"$2" | tr '<' '\n' | awk -v key="key>$1" '
        seen && /^true\/>/ { found = 1 }
        /^key>/ { seen = ($0 == key) }
        END { exit !found }'
}

# The path of a URL.
path_of() {
    printf '%s\n' "$1" | sed 's|^[a-z]*://[^/]*||'
}

# ---- HTTP over s_client --------------------------------------------------------------------------

# http METHOD PATH BODY_FILE HEADER...: leaves $DIR/status, $DIR/head and $DIR/body.
http() {
    method=$1 path=$2 sent=$3
    shift 3
    {
        printf '%s %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: %s\r\nConnection: close\r\n' \
            "$method" "$path" "$SERVER" "$AGENT"
        for header in "$@"; do
            printf '%s\r\n' "$header"
        done
        octets=$(hex "$sent")
        printf 'Content-Length: %d\r\n\r\n' $((${#octets} / 2))
        printf '%s\n' "$octets" | unhex
    } >"$DIR/request"
    if [ -n "$IS_KNOWN" ] && [ "$WAY" = mtls ]; then
        set -- -cert "$DIR/leaf.pem" -key "$DIR/key.pem"
    else
        set --
    fi
    # The server ends the connection, so what s_client returns says little: the length tells.
    openssl s_client -connect "$SERVER" -CAfile "$CA_FILE" -verify_return_error "$NAME_CHECK" "$HOST" \
        -quiet "$@" <"$DIR/request" >"$DIR/response" 2>"$DIR/s_client.log"
    od -An -v -tx1 "$DIR/response" | awk -v head="$DIR/head.hex" '{
        for (i = 1; i <= NF; i++) {
            if (is_body) { printf "%s", $i; continue }
            printf "%s", $i >head
            last = substr(last $i, length(last $i) - 7)
            if (last == "0d0a0d0a") is_body = 1
        }
    }' >"$DIR/body.hex"
    [ -s "$DIR/response" ] || {
        sed 's/^/    /' "$DIR/s_client.log" >&2
        fail "$SERVER does not answer"
    }
    { cat "$DIR/head.hex" && echo; } | unhex | tr -d '\r' >"$DIR/head"
    { cat "$DIR/body.hex" && echo; } | unhex >"$DIR/body"
    rm -f "$DIR/head.hex"
    STATUS=$(sed -n '1s|^HTTP/1.1 \([0-9][0-9]*\).*|\1|p' "$DIR/head")
    said=$(sed -n 's/^[Cc]ontent-[Ll]ength: *//p' "$DIR/head")
    octets=$(cat "$DIR/body.hex")
    [ "${said:-none}" = $((${#octets} / 2)) ] ||
        fail "an answer of $SERVER is cut, or has no length"
}

# The last answer was 200, with this content type unless none is given.
expect_200() {
    [ "$STATUS" = 200 ] || {
        sed 's/^/    /' "$DIR/body" >&2
        fail "$1: expected 200, got ${STATUS:-no status}"
    }
    [ -z "${2:-}" ] || grep_head "content-type: *$2" || fail "$1: the answer is no $2"
}

grep_head() {
    awk -v wanted="^$1" 'tolower($0) ~ wanted { found = 1 } END { exit !found }' "$DIR/head"
}

# ---- Enrollment profile --------------------------------------------------------------------------

read_profile() {
    http GET "$(path_of "$LINK")" "$DIR/nothing"
    expect_200 'the link' application/x-apple-aspen-config
    cat "$DIR/body" >"$DIR/profile"
    CHALLENGE=$(value_of Challenge "$DIR/profile")
    MDM_PATH=$(path_of "$(value_of ServerURL "$DIR/profile")")
    CHECK_IN_PATH=$(path_of "$(value_of CheckInURL "$DIR/profile")")
    SCEP_PATH=$(path_of "$(value_of URL "$DIR/profile")")
    TOPIC=$(value_of Topic "$DIR/profile")
    for needed in "$CHALLENGE" "$MDM_PATH" "$CHECK_IN_PATH" "$SCEP_PATH" "$TOPIC"; do
        [ -n "$needed" ] || fail 'the profile lacks Challenge, ServerURL, CheckInURL, URL or Topic'
    done
    if [ "$WAY" = signature ]; then
        has_true SignMessage "$DIR/profile" || fail 'the profile asks for no signatures: is it --mtls?'
    fi
    # Its owner finds it in the list of profiles, like any other.
    printf '%s %s\n' "$(outer_value_of PayloadIdentifier "$DIR/profile")" \
        "$(outer_value_of PayloadUUID "$DIR/profile")" >>"$DIR/installed"
    say "the profile $(outer_value_of PayloadIdentifier "$DIR/profile"), topic $TOPIC"
}

# ---- SCEP (RFC 8894) -----------------------------------------------------------------------------

read_authority() {
    http GET "$SCEP_PATH?operation=GetCACaps" "$DIR/nothing"
    expect_200 GetCACaps
    for ability in POSTPKIOperation SHA-256 AES; do
        awk -v wanted="$ability" '{ sub(/\r$/, "") } $0 == wanted { found = 1 } END { exit !found }' "$DIR/body" ||
            fail "GetCACaps does not list $ability"
    done
    http GET "$SCEP_PATH?operation=GetCACert" "$DIR/nothing"
    expect_200 GetCACert application/x-x509-ca-ra-cert
    ssl pkcs7 -inform DER -in "$DIR/body" -print_certs -out "$DIR/authorities.pem"
    awk -v dir="$DIR" '
        /-----BEGIN/ { n++ }
        n && /-----BEGIN/, /-----END/ { print >(dir "/authority" n ".pem") }' "$DIR/authorities.pem"
    CA= RECIPIENT=
    for n in 1 2; do
        one=$DIR/authority$n.pem
        [ -f "$one" ] || fail 'GetCACert has fewer than two certificates'
        if [ "$(openssl x509 -in "$one" -noout -subject_hash)" = "$(openssl x509 -in "$one" -noout -issuer_hash)" ]; then
            CA=$one
        else
            RECIPIENT=$one
        fi
    done
    [ -n "$CA" ] && [ -n "$RECIPIENT" ] || fail 'GetCACert has no CA with a recipient'
    ssl verify -CAfile "$CA" -purpose any "$RECIPIENT" >"$DIR/verified"
    if [ -f "$DIR/profile" ]; then
        ssl x509 -in "$CA" -outform DER -out "$DIR/ca.der"
        anchor=$(openssl base64 -A -in "$DIR/ca.der")
        tr -d '\n\r\t ' <"$DIR/profile" | awk -v anchor=">$anchor<" 'index($0, anchor) { found = 1 } END { exit !found }' ||
            fail 'the CA is not the one that the profile brings'
    fi
    say "the CA: $(openssl x509 -in "$CA" -noout -subject), $(openssl x509 -in "$CA" -noout -fingerprint -sha256)"
}

make_request() {
    cat >"$DIR/request.cnf" <<END
[req]
distinguished_name = subject
attributes = attributes
x509_extensions = extensions
string_mask = utf8only
prompt = no
[subject]
CN = $SERIAL
[attributes]
challengePassword = $CHALLENGE
[extensions]
keyUsage = digitalSignature, keyEncipherment
END
    ssl req -new -newkey rsa:2048 -noenc -keyout "$DIR/key.pem" -config "$DIR/request.cnf" -outform DER -out "$DIR/request.der"
    ssl req -new -x509 -days 1 -key "$DIR/key.pem" -config "$DIR/request.cnf" -out "$DIR/signer.pem"
    ssl x509 -in "$DIR/signer.pem" -outform DER -out "$DIR/signer.der"
    rm -f "$DIR/request.cnf"
}

# One attribute: its OID in hex, and its value as DER in hex.
attribute() {
    der 30 "$(der 06 "$1")$(der 31 "$2")"
}

# Wraps $DIR/request.der into $DIR/message: what `cms -sign` cannot do, since it takes no attributes.
make_message() {
    ssl cms -encrypt -binary -aes-256-cbc -outform DER -in "$DIR/request.der" -out "$DIR/envelope.der" "$RECIPIENT"
    ssl pkey -in "$DIR/key.pem" -pubout -outform DER -out "$DIR/public.der"
    ssl dgst -sha256 -binary -out "$DIR/transaction.bin" "$DIR/public.der"
    ssl dgst -sha256 -binary -out "$DIR/digest.bin" "$DIR/envelope.der"
    TRANSACTION=$(hex "$DIR/transaction.bin" | tr a-f A-F)
    NONCE=$(openssl rand -hex 16) || fail 'openssl rand failed'

    data=2a864886f70d010701
    signed_data=2a864886f70d010702
    scep=6086480186f8450109
    sha256=$(der 30 "$(der 06 608648016503040201)0500")
    rsa=$(der 30 "$(der 06 2a864886f70d010101)0500")

    # A DER SET OF is in the order of its encodings, and these differ in their lengths.
    attributes=$(attribute "${scep}02" "$(der 13 "$(text_hex 19)")") # messageType: PKCSReq
    attributes=$attributes$(attribute 2a864886f70d010903 "$(der 06 $data)") # contentType
    attributes=$attributes$(attribute "${scep}05" "$(der 04 "$NONCE")") # senderNonce
    attributes=$attributes$(attribute 2a864886f70d010904 "$(der 04 "$(hex "$DIR/digest.bin")")") # messageDigest
    attributes=$attributes$(attribute "${scep}07" "$(der 13 "$(text_hex "$TRANSACTION")")") # transactionID
    # They are signed as a SET and sent as an implicit [0].
    der 31 "$attributes" | { cat && echo; } | unhex >"$DIR/attributes.der"
    ssl dgst -sha256 -sign "$DIR/key.pem" -out "$DIR/signature.bin" "$DIR/attributes.der"

    content=$(der 30 "$(der 06 $data)$(der a0 "$(der 04 "$(hex "$DIR/envelope.der")")")")
    issuer=$(part_of_certificate "$DIR/signer.der" 4)
    number=$(part_of_certificate "$DIR/signer.der" 2)
    [ -n "$issuer" ] && [ -n "$number" ] || fail 'the own certificate cannot be taken apart'
    signer=$(der 30 "020101$(der 30 "$issuer$number")$sha256$(der a0 "$attributes")$rsa$(der 04 "$(hex "$DIR/signature.bin")")")
    message=$(der 30 "020101$(der 31 "$sha256")$content$(der a0 "$(hex "$DIR/signer.der")")$(der 31 "$signer")")
    der 30 "$(der 06 $signed_data)$(der a0 "$message")" | { cat && echo; } | unhex >"$DIR/message"
}

# The value of a SCEP attribute of $DIR/body: a text, or octets in hex.
scep_attribute() {
    awk -v oid=":2.16.840.1.113733.1.9.$1\$" '
        seen && /PRINTABLESTRING|OCTET STRING/ { sub(/.*:/, ""); print; exit }
        $0 ~ oid { seen = 1 }' "$DIR/parts"
}

read_reply() {
    ssl asn1parse -inform DER -in "$DIR/body" >"$DIR/parts"
    set --
    # A refusal has no content, and its signature is over none.
    [ "$(scep_attribute 3)" = 0 ] || set -- -content "$DIR/nothing"
    ssl cms -verify -inform DER -in "$DIR/body" -binary -CAfile "$CA" -purpose any -out "$DIR/reply.der" "$@"
    [ "$(scep_attribute 2)" = 3 ] || fail 'the answer is no CertRep'
    [ "$(scep_attribute 7)" = "$TRANSACTION" ] || fail 'the answer is to another transaction'
    [ "$(scep_attribute 6 | tr A-F a-f)" = "$NONCE" ] || fail 'the answer does not repeat the nonce'
    case $(scep_attribute 3) in
    0) ;;
    2) fail "the server refuses the certificate (failInfo $(scep_attribute 4)): is the link used, or the challenge wrong?" ;;
    *) fail 'the answer has no status that can be used' ;;
    esac
    ssl cms -decrypt -inform DER -in "$DIR/reply.der" -binary -recip "$DIR/signer.pem" -inkey "$DIR/key.pem" -out "$DIR/issued.der"
    ssl pkcs7 -inform DER -in "$DIR/issued.der" -print_certs -out "$DIR/issued.pem"
    ssl x509 -in "$DIR/issued.pem" -out "$DIR/leaf.pem"
    [ "$(openssl x509 -in "$DIR/leaf.pem" -noout -pubkey)" = "$(openssl pkey -in "$DIR/key.pem" -pubout)" ] ||
        fail 'the certificate is for another key'
    ssl verify -CAfile "$CA" -purpose sslclient "$DIR/leaf.pem" >"$DIR/verified"
    IS_KNOWN=yes
    say "the identity: $(openssl x509 -in "$DIR/leaf.pem" -noout -subject), $(openssl x509 -in "$DIR/leaf.pem" -noout -enddate)"
}

# ---- MDM -----------------------------------------------------------------------------------------

# send PATH TYPE: sends $DIR/said as the device, and expects 200.
send() {
    set -- "$1" "$2" "Content-Type: application/x-apple-aspen-$2"
    if [ "$WAY" = signature ]; then
        ssl cms -sign -binary -md sha256 -outform DER -in "$DIR/said" -signer "$DIR/leaf.pem" -inkey "$DIR/key.pem" -out "$DIR/signed"
        set -- "$@" "Mdm-Signature: $(openssl base64 -A -in "$DIR/signed")"
    fi
    path=$1
    shift 2
    http PUT "$path" "$DIR/said" "$@"
    expect_200 "$(value_of MessageType "$DIR/said")$(value_of Status "$DIR/said")"
}

check_in() {
    {
        printf '%s\n' "$PLIST_HEAD"
        cat
        printf '\t<key>MessageType</key>\n\t<string>%s</string>\n' "$1"
        printf '\t<key>Topic</key>\n\t<string>%s</string>\n' "$TOPIC"
        printf '\t<key>UDID</key>\n\t<string>%s</string>\n%s\n' "$UDID" "$PLIST_END"
    } >"$DIR/said"
    send "$CHECK_IN_PATH" mdm-checkin
    [ ! -s "$DIR/body" ] || fail "$1: the answer should be empty"
    say "$1: taken"
}

authenticate() {
    check_in Authenticate <<END
	<key>BuildVersion</key>
	<string>24B83</string>
	<key>DeviceName</key>
	<string>A shell with openssl</string>
	<key>Model</key>
	<string>Mac14,2</string>
	<key>OSVersion</key>
	<string>15.1</string>
	<key>SerialNumber</key>
	<string>$SERIAL</string>
END
}

update_token() {
    token=$(openssl rand -base64 32) || fail 'openssl rand failed'
    check_in TokenUpdate <<END
	<key>PushMagic</key>
	<string>$UDID</string>
	<key>Token</key>
	<data>$token</data>
END
}

# report STATUS [UUID], with the rest of the answer on standard input.
report() {
    {
        printf '%s\n' "$PLIST_HEAD"
        [ -z "${2:-}" ] || printf '\t<key>CommandUUID</key>\n\t<string>%s</string>\n' "$2"
        cat
        printf '\t<key>Status</key>\n\t<string>%s</string>\n' "$1"
        printf '\t<key>UDID</key>\n\t<string>%s</string>\n%s\n' "$UDID" "$PLIST_END"
    } >"$DIR/said"
    send "$MDM_PATH" mdm
}

# The list of what was installed: the enrollment profile and what came by command.
list() {
    printf '\t<key>ProfileList</key>\n\t<array>\n'
    while read -r identifier uuid; do
        printf '\t\t<dict>\n'
        printf '\t\t\t<key>%s</key>\n\t\t\t<string>%s</string>\n' PayloadIdentifier "$identifier" PayloadUUID "$uuid"
        printf '\t\t\t<key>PayloadContent</key>\n\t\t\t<array/>\n\t\t</dict>\n'
    done <"$DIR/installed"
    printf '\t</array>\n'
}

# Takes a profile out of the list, if it is there.
forget() {
    awk -v identifier="$1" '$1 != identifier' "$DIR/installed" >"$DIR/left"
    cat "$DIR/left" >"$DIR/installed"
}

install() {
    value_of Payload "$DIR/command" | tr -d ' ' | openssl base64 -d -A >"$DIR/payload"
    identifier=$(outer_value_of PayloadIdentifier "$DIR/payload")
    uuid=$(outer_value_of PayloadUUID "$DIR/payload")
    [ -n "$identifier" ] && [ -n "$uuid" ] || fail 'InstallProfile brings no profile'
    forget "$identifier"
    printf '%s %s\n' "$identifier" "$uuid" >>"$DIR/installed"
    say "    installed $identifier"
}

# Obeys the command in $DIR/body and reports.
obey() {
    cat "$DIR/body" >"$DIR/command"
    uuid_of_command=$(value_of CommandUUID "$DIR/command")
    kind=$(value_of RequestType "$DIR/command")
    [ -n "$uuid_of_command" ] && [ -n "$kind" ] || fail 'the answer is no command'
    say "$kind"
    case $kind in
    ProfileList)
        list >"$DIR/answer"
        report Acknowledged "$uuid_of_command" <"$DIR/answer"
        ;;
    DeviceInformation)
        report Acknowledged "$uuid_of_command" <<END
	<key>QueryResponses</key>
	<dict>
		<key>BuildVersion</key>
		<string>24B83</string>
		<key>OSVersion</key>
		<string>15.1</string>
		<key>SerialNumber</key>
		<string>$SERIAL</string>
	</dict>
END
        ;;
    InstallProfile)
        install
        report Acknowledged "$uuid_of_command" <"$DIR/nothing"
        ;;
    RemoveProfile)
        forget "$(value_of Identifier "$DIR/command")"
        report Acknowledged "$uuid_of_command" <"$DIR/nothing"
        ;;
    *) report CommandFormatError "$uuid_of_command" <"$DIR/nothing" ;;
    esac
}

session() {
    report Idle '' <"$DIR/nothing"
    COMMANDS=0
    while [ -s "$DIR/body" ]; do
        COMMANDS=$((COMMANDS + 1))
        [ "$COMMANDS" -le "$COMMANDS_MAX" ] || fail 'the server has no end of commands'
        obey
        [ "$COMMANDS" -gt 1 ] || [ "$kind" = ProfileList ] || fail 'the first command should be ProfileList'
    done
    [ "$COMMANDS" -gt 0 ] || fail 'the server had no command'
}

# ---- The whole -----------------------------------------------------------------------------------

WAY=signature IS_STAYING=
while :; do
    case ${1:-} in
    --mtls) WAY=mtls ;;
    --stay) IS_STAYING=yes ;;
    -*) usage ;;
    *) break ;;
    esac
    shift
done
[ $# -ge 3 ] && [ $# -le 5 ] || usage
SERVER=$1 CA_FILE=$2 LINK=$3 SERIAL=${4:-C0SHELL001} UDID=${5:-C0DE5E11-0000-4000-8000-000000000001}
HOST=${SERVER%:*}
case $HOST in
*[!0-9.]*) NAME_CHECK=-verify_hostname ;;
*) NAME_CHECK=-verify_ip ;;
esac
[ -r "$CA_FILE" ] || fail "$CA_FILE cannot be read"
case $(openssl version 2>/dev/null) in
'OpenSSL '[3-9].*) ;;
*) fail 'openssl 3 is needed' ;;
esac

DIR=${TMPDIR:-/tmp}/mooring-enroll.$$
mkdir "$DIR" || fail "$DIR cannot be made"
trap 'rm -rf "$DIR"' EXIT
trap 'exit 1' HUP INT TERM
: >"$DIR/nothing"
: >"$DIR/installed"
IS_KNOWN=

case $LINK in
https://*/* | http://*/*) read_profile ;;
*)
    CHALLENGE=$LINK MDM_PATH=/mdm CHECK_IN_PATH=/checkin SCEP_PATH=/scep
    TOPIC=com.apple.mgmt.External.00000000-0000-4000-8000-000000000000
    ;;
esac
case $CHALLENGE in
*[!A-Za-z0-9._~-]*) fail 'the challenge has characters that the file for openssl req would need escaped' ;;
esac
read_authority
make_request
make_message
http POST "$SCEP_PATH?operation=PKIOperation" "$DIR/message" 'Content-Type: application/x-pki-message'
expect_200 PKIOperation application/x-pki-message
read_reply
authenticate </dev/null
update_token </dev/null
session
if [ -z "$IS_STAYING" ]; then
    check_in CheckOut </dev/null
fi
say "done: $COMMANDS commands obeyed"
