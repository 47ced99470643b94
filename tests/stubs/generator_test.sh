#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# generator_test.sh NAME: generated/NAME is what the generator makes from the spec, byte by byte, twice.
# generator_test.sh: wrong annotations are refused with place, cause and cure, leaving nothing behind.
set -u
home=$(cd "$(dirname "$0")/../.." && pwd -P)
build=${KSLICE_BUILD:-$home/build}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0 failed=0

verdict() { # name, 0 = passed
	if [ "$2" -eq 0 ]; then passed=$((passed + 1)); else failed=$((failed + 1)); echo "FAIL $1"; fi
}

ended() {
	echo "generator: $passed passed, $failed failed"
	[ "$failed" -eq 0 ]
	exit
}

if [ $# -gt 0 ]; then
	name=$1 dir=$home/generated/$1
	"$build/bin/kslice" stubs "$name" -o "$work/$name" && diff -r "$dir" "$work/$name"
	verdict "generated/$name is what the generator makes" $?
	# Files of an earlier split are removed; other files stay.
	cp "$work/$name/client.c" "$work/$name/client_gone.c"
	echo "/* mine */" > "$work/$name/mine.c"
	"$build/bin/kslice" stubs "$name" -o "$work/$name" && [ ! -e "$work/$name/client_gone.c" ] && [ -e "$work/$name/mine.c" ]
	verdict "files of an earlier split are removed, and no others" $?
	ended
fi

# A repo of its own with one annotation changed; the tree and its commands are those of the net domain.
# Of this repo and the default tree: other clones use the same cache, and may be gone.
tree=
# shellcheck disable=SC2045 # newest first; their names are ours
for cc in $(ls -t "${KSLICE_CACHE:-$HOME/.cache/kslice}"/kbuild/sd-net-*/compile_commands.json); do
	tree=$(dirname "$cc")/tree
	[ "$(readlink -f "$tree/arch/sd/rt")" = "$home/runtime" ] &&
		[ "$(readlink -f "$tree/COPYING")" = "$(readlink -f "$home/kernel-tree/linux/COPYING")" ] && break
	tree=
done
[ -n "$tree" ] || { echo "generator: no compile commands of the net domain: run \`make image\` first" >&2; exit 1; }
mkdir -p "$work/repo/specs/annotations"
cp "$home"/specs/annotations/*.json "$work/repo/specs/annotations/"
cp "$home"/specs/net.config "$work/repo/specs/"
cp -r "$home/specs/registries" "$work/repo/specs/"
ln -s "$home/runtime" "$work/repo/runtime"

refused() { # name, what stderr must say, group, python that edits the group `d`, calls, routes, further annotations
	cp "$home/specs/annotations/$3.json" "$work/repo/specs/annotations/$3.json"
	/usr/bin/python3 -c "import json,sys; p=sys.argv[1]; d=json.load(open(p)); exec(sys.argv[2]); json.dump(d,open(p,'w'))" \
		"$work/repo/specs/annotations/$3.json" "$4" || { verdict "$1" 1; return; }
	printf '{ "name": "bad", "description": "x", "config": "net.config", "calls": [%s], "annotations": ["sockets", "files", "poll"%s], "routes": [%s] }' \
		"$5" "${7:-}" "${6:-}" > "$work/repo/specs/bad.json"
	KSLICE_REPO=$work/repo "$build/bin/kslice-stubs" emit "$work/repo/specs/bad.json" "$tree" "$cc" "$work/out" > "$work/log" 2>&1
	local status=$?
	grep -q "$2" "$work/log" && grep -q "cure:" "$work/log" && [ $status -ne 0 ] && [ ! -e "$work/out" ]
	local r=$?
	[ $r -eq 0 ] || sed 's/^/	/' "$work/log"
	verdict "$1" $r
	cp "$home/specs/annotations/$3.json" "$work/repo/specs/annotations/$3.json"
}

refused "unknown key" 'unknown key "direction"' files "d['calls']['read']['params']['buf']['direction']='out'" '"read"'
refused "unsure direction" 'ufds is unsure: the body copies it both ways, but it also goes to' poll "del d['calls']['poll']['params']['ufds']['dir']" '"poll"'
refused "unsure result of two descriptors" 'the result is unsure.*the descriptor of' files "del d['calls']['pipe2']['result']" '"pipe2", "close"'
refused "descriptors in memory, unsaid" 'fildes is unsure: the body stores new descriptors' files "del d['calls']['pipe2']['flags']" '"pipe2", "close"'
refused "a test that reaches no descriptor" 'read: a test that reaches no descriptor' files "[b['args'].update(fd=-1) for b in d['calls']['read']['test']['bases']]" '"read"'
refused "unsure struct" 'msg_iov is unsure' sockets "del d['structs']['msghdr_send']['fields']['msg_iov']['dir']" '"sendmsg"'
refused "unsure unit" 'filter is unsure' sockets "del d['structs']['sock_fprog']['fields']['filter']['elem']" '"setsockopt"'
refused "unsure result" 'write: the result is unsure' files "del d['calls']['write']['result']" '"write"'
refused "a result of nothing" '"result" names no parameter' files "d['calls']['write']['result']='size'" '"write"'
refused "a result that is no number" '"result" is a number, or data' files "d['calls']['sendfile']['result']='offset'" '"sendfile"'
refused "records without a length" '"records" is' files "d['calls']['read']['params']['buf']['records']=[0,0,8,0]" '"read"'
refused "no such parameter" 'has no parameter or field "buffer"' files "d['calls']['read']['params']['buffer']={'dir':'out'}" '"read"'
refused "no such constant" 'F_NONSENSE' files "d['calls']['fcntl']['params']['arg']['cases']['F_NONSENSE']={'scalar':True}" '"fcntl"'
refused "no such struct variant" 'no struct variant "iovec_up"' files "d['calls']['readv']['params']['vec']['as']='iovec_up'" '"readv"'
refused "length of nothing" 'its length names no other parameter' files "d['calls']['read']['params']['buf']['len']='size'" '"read"'
refused "length computed of nothing" 'computed from no parameter' files "d['calls']['read']['params']['buf']['len']='size + 8'" '"read"'
refused "length computed of an unknown constant" 'F_NONSENSE' files "d['calls']['read']['params']['buf']['len']='count + F_NONSENSE'" '"read"'
refused "length with a strange operator" 'NAME \* NUMBER + CONSTANT' files "d['calls']['read']['params']['buf']['len']='count * x + 8'" '"read"'
refused "a computed length that is cut" 'goes with none of' files "d['calls']['write']['params']['buf'].update(len='count + 8', clamp=True)" '"write"'
refused "a stub without a test" 'a stub without a test' files "del d['calls']['dup']['test']" '"dup"'
refused "a fixture made by no call of the domain" 'fixture "f": no call "pipe2"' files "d['fixtures']={'f':{'make':['pipe2',0,0]}}" '"read"'
refused "a fixture without its arguments" 'fixture "f": no call ""' files "d['fixtures']={'f':{}}" '"read"'
refused "an id that nothing removes" 'an "id" without "end"' files "d['fixtures']={'f':{'make':['read',0,0],'id':True}}" '"read"'
refused "a fixture with a key unknown" 'unknown key "made"' files "d['fixtures']={'f':{'made':['read',0,0]}}" '"read"'
refused "a difference without a reason" 'a difference without a reason' files "d['calls']['dup']['differs']=[{'case':'*'}]" '"dup"'
refused "a known result beside data" 'takes and gives no data' files "d['calls']['read']['early']={'result':0}" '"read"'
refused "a known result that is none" '"early": "result"' files "d['calls']['close']['early']={'result':'EIO'}" '"close"'
refused "not JSON" 'cure' files "p='/dev/null'; open(sys.argv[1],'w').write('{'); sys.exit(0)" '"dup"'
refused "no such call" 'there is no such system call' files "pass" '"reed"'
refused "a call that is switched off" 'CONFIG_BLOCK=y\|CONFIG_QUOTACTL=y' files "pass" '"quotactl"'
refused "a call behind #if" "isn't compiled in this configuration" files "pass" '"alarm"'
refused "a call without parameters" 'getpid: a stub without a test' files "d['calls']['getpid']={'result':'int'}" '"getpid"'

# Groups are shared: names that the tree doesn't have are refused, though the spec's calls don't reach them.
refused "a call no tree has" '/calls/sendfil: the tree has no system call' files "d['calls']['sendfil']={'result':'int'}" '"read"'
refused "similar calls" 'did you mean sendfile' files "d['calls']['sendfil']={'result':'int'}" '"read"'
refused "a call by the kernel's name" 'write "fstat"' files "d['calls']['newfstat']={'result':0}" '"read"'
refused "no such parameter of another spec's call" '/calls/sendfile/params/ofset: .*has no parameter' files "d['calls']['sendfile']['params']['ofset']={'dir':'in'}" '"read"'
refused "the same of a call that is switched off" 'did you mean special?' files "d['calls']['quotactl']={'params':{'specal':{'dir':'in'}}}" '"read"'
refused "no such argument of another spec's call" '/calls/writev/test/bases/0/args/vc: ' files "d['calls']['writev']['test']['bases'][0]['args']['vc']=0" '"read"'
refused "no such field of another spec's struct" '/structs/iovec_in/fields/iov_lem: .*no parameter or field' files "d['structs']['iovec_in']['fields']['iov_lem']={'dir':'in'}" '"close"'

inferred() { # name, what `kslice check` must say, group, python that edits the group `d`, calls, routes
	cp "$home/specs/annotations/$3.json" "$work/repo/specs/annotations/$3.json"
	/usr/bin/python3 -c "import json,sys; p=sys.argv[1]; d=json.load(open(p)); exec(sys.argv[2]); json.dump(d,open(p,'w'))" \
		"$work/repo/specs/annotations/$3.json" "$4" || { verdict "$1" 1; return; }
	printf '{ "name": "good", "description": "x", "config": "net.config", "calls": [%s], "annotations": ["sockets", "files", "poll"], "routes": [%s] }' \
		"$5" "${6:-}" > "$work/repo/specs/good.json"
	KSLICE_REPO=$work/repo "$build/bin/kslice-stubs" check "$work/repo/specs/good.json" "$tree" "$cc" > "$work/log" 2>&1
	local status=$?
	grep -q "$2" "$work/log" && [ $status -eq 0 ]
	local r=$?
	[ $r -eq 0 ] || sed 's/^/	/' "$work/log"
	verdict "$1" $r
	cp "$home/specs/annotations/$3.json" "$work/repo/specs/annotations/$3.json"
}

inferred "a result that the body makes a descriptor" 'epoll_create1 *fd b' poll "del d['calls']['epoll_create1']['result']" '"epoll_create1", "close"'
inferred "a result of which the body tells all" 'epoll_ctl *0 b' poll "del d['calls']['epoll_ctl']['result']" '"epoll_ctl"'
inferred "a direction by the operation called" 'buf: out count b' files "del d['calls']['read']['params']['buf']['dir']" '"read"'
inferred "direction and length in another function" 'umyaddr: in addrlen b' sockets "del d['calls']['bind']['params']['umyaddr']['dir']" '"bind"'
inferred "two copies beside each other" 'usockvec: out 8 bytes b' sockets "del d['calls']['socketpair']['params']" '"socketpair", "close"'
inferred "in and out in another unit" 'tsp: inout 16 bytes.* b' poll "del d['calls']['ppoll']['params']['tsp']['dir']" '"ppoll"'
inferred "a computed length" 'buf: out count \* 4 + 16 =' files "d['calls']['read']['params']['buf']={'dir':'out','len':'count * 4 + sizeof(struct iovec)'}" '"read"'
inferred "a route under a mask and by two arguments" 'socket(family AF_INET, type & SOCK_TYPE_MASK SOCK_DGRAM)' sockets pass '"socket", "close"' \
	'{"call":"socket","arg":"family","values":["AF_INET"],"and":[{"arg":"type","values":["SOCK_DGRAM"],"mask":"SOCK_TYPE_MASK"}]}'

inferred "names of other trees" 'read  ' files \
	"d['calls']['sendfil']={'optional':True}; d['calls']['read']['params']['bytes']={'optional':True,'dir':'out'}; d['structs']['iovec_in']['fields']['x']={'optional':True}" '"read"'
inferred "arguments of other trees" 'read  ' files \
	"d['calls']['read']['params']['bytes']={'optional':True}; [b['args'].update(bytes=0) for b in d['calls']['read']['test']['bases']]" '"read"'

asked() { # calls, routes, a group in the spec itself, then lines that one `kslice check` must print
	printf '{ "name": "open", "description": "x", "config": "net.config", "calls": [%s],\n"routes": [%s],\n"annotations": ["files", %s] }' \
		"$1" "$2" "$3" > "$work/repo/specs/open.json"
	shift 3
	KSLICE_REPO=$work/repo "$build/bin/kslice-stubs" check "$work/repo/specs/open.json" "$tree" "$cc" > "$work/log" 2>&1 &&
		verdict "open questions are an error" 1
	for line; do
		grep -qF -- "$line" "$work/log"
		local r=$?
		verdict "asked: $line" $r
		[ $r -eq 0 ] || sed 's/^/	/' "$work/log"
	done
}

# Every open question at once, with place and text to paste.
asked '"eventfd", "eventfd2", "signalfd", "signalfd4", "timerfd_create", "timerfd_settime", "read", "poll", "close"' \
	'{"call":"signalfd","arg":"ufd","values":["-1"]}, {"call":"eventfd2"}' \
	'{"calls": {"read": {"test": {"bases": [{"args": {"fd": -1, "buf": "%8", "count": 8}}]}}, "poll": {"test": {"bases": [{"args": {}}]}}}}' \
	'ufds is unsure' \
	'open.json:3, at /annotations/1/calls/poll, add:' '"params": { "ufds": { "dir": "inout" } }' \
	'eventfd: it has no route, though eventfd2 has one' 'open.json:2, at /routes, add:' '{"call": "eventfd"}' \
	'signalfd4: it has no route, though signalfd has one' '{"call": "signalfd4", "arg": "ufd", "values": ["-1"]}' \
	'timerfd_create: no program' '"timerfd_create": { "route": "none" }' \
	'"signalfd": { "test": { "bases": [{"name": "first", "args": {"ufd": "-1", "user_mask": "%zero8", "sizemask": 8}}] } }' \
	'"args": {"ufd": "@timerfd_create", "flags": 0, "utmr": "%zero32", "otmr": "%32"}' \
	'"fixtures": { "timerfd_create": {"make": ["timerfd_create", 0, 2048]} }'
asked '"read", "write", "umask"' '{"mirrored":["umask"]}' '{}' "no call of this domain makes one"
# Names that nobody has: all of a kind at once, each with its place and similar ones.
asked '"eventfd", "eventfd2", "close"' '' \
	'{"calls": {"eventfd": {"params": {"cout": {}}}, "eventfd2": {"test": {"bases": [{"args": {"flag": 0}}]}}}}' \
	'/annotations/1/calls/eventfd/params/cout: eventfd has no' 'did you mean count?' \
	'/annotations/1/calls/eventfd2/test/bases/0/args/flag' 'did you mean flags? in the tree they are: count, flags'
asked '"eventfd", "close"' '' '{"calls": {"evenfd": {}}}' '/annotations/1/calls/evenfd' 'did you mean eventfd?'
asked '"eventfd", "close"' '' \
	'{"calls": {"eventfd": {"test": {"bases": [{"args": {"count": "EFD_SEMAPHOR"}}, {"args": {"count": "EFD_NONBLOCK"}}]}, "params": {"count": {"type": "struct iovecs"}}}}}' \
	'similar names: EFD_SEMAPHORE' 'add "linux/eventfd.h", which has it' 'no type "struct iovecs"' 'similar names: iovec'

own() { # name, what stderr must say, calls, a group in the spec itself
	refused "$1" "$2" files "pass" "$3" "" ", $4"
}

own "unknown key in the spec's own group" 'bad.json: .*unknown key "direction"' '"read"' '{"calls":{"read":{"params":{"buf":{"direction":"out"}}}}}'
own "the spec's own group refines a shared one" 'its length names no other parameter' '"read"' '{"calls":{"read":{"params":{"buf":{"len":"size"}}}}}'
own "a difference of its own without a reason" 'a difference without a reason' '"dup"' '{"calls":{"dup":{"differs":[{"case":"*"}]}}}'

route() { # name, what stderr must say, calls, routes
	refused "$1" "$2" files "pass" "$3" "$4"
}

route "route by no parameter" 'no parameter "flagz"' '"pipe2", "close"' '{"call":"pipe2","arg":"flagz","values":["0"]}'
route "route by a pointer" 'fildes of pipe2 is none' '"pipe2", "close"' '{"call":"pipe2","arg":"fildes","values":["0"]}'
route "route by too many values" '9 values' '"pipe2", "close"' '{"call":"pipe2","arg":"flags","values":["0","1","2","3","4","5","6","7","8"]}'
route "route by an unknown mask" '"F_NONSENSE"\|F_NONSENSE' '"pipe2", "close"' '{"call":"pipe2","arg":"flags","values":["0"],"mask":"F_NONSENSE"}'
route "a value outside its mask" '2048 has bits that the mask 15 hides' '"pipe2", "close"' '{"call":"pipe2","arg":"flags","values":["2048"],"mask":"15"}'
route "a second condition by no parameter" 'no parameter "flagz"' '"pipe2", "close"' \
	'{"call":"pipe2","arg":"flags","values":["0"],"and":[{"arg":"flagz","values":["0"]}]}'
route "two routes of a call" 'two routes of "pipe2"' '"pipe2", "close"' \
	'{"call":"pipe2","arg":"flags","values":["0"]}, {"call":"pipe2","arg":"flags","values":["1"]}'
route "route of what the client handles" 'handles "epoll_create1" itself' '"epoll_create1", "close"' \
	'{"call":"epoll_create1","arg":"flags","values":["0"]}'
route "two routes of a call, both always" 'two routes of "pipe2"' '"pipe2", "close"' '{"call":"pipe2"}, {"call":"pipe2"}'
route "called and also told" 'a route by "call" and one by "mirrored"' '"socket", "close"' '{"call":"socket"}, {"mirrored":["socket"]}'
route "told of descriptors" 'takes descriptors' '"read"' '{"mirrored":["read"]}'
route "told to make some" 'makes descriptors' '"socket", "close"' '{"mirrored":["socket"]}'
route "always a domain's, whoever's descriptors" 'takes descriptors' '"read"' '{"call":"read"}'
route "a path, and no call has one" 'none of the calls has a parameter that names a file' '"read"' '{"path":"/sd"}'
refused "a path that is no string" 'only a parameter that is a string' files "d['calls']['write']['params']['buf']['path']=True" '"write"'
refused "O_CLOEXEC nowhere" '"cloexec" names no parameter' sockets "d['calls']['socket']['cloexec']='flags'" '"socket", "close"'
refused "O_CLOEXEC of nothing made" 'read makes no descriptors' files "d['calls']['read']['cloexec']='count'" '"read"'
refused "O_CLOEXEC in a pointer" 'is a parameter that is a number' files "d['calls']['pipe2']['cloexec']='fildes'" '"pipe2", "close"'
route "descriptors nothing closes" 'no call closes them' '"pipe2"' ''

ended
