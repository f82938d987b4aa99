# SPDX-License-Identifier: GPL-2.0-or-later
# What systemd-sysusers would make of sysusers.d lines, without needing it:
#
#   awk -f sysusers.awk -v folder=DIR /etc/group /etc/passwd LINES
#
# writes DIR/group.lab and DIR/passwd.lab. Of the line types it knows those that
# the project uses: g (group), u (user with a group of its own), m (member).
# Numbers are the next free ones; comments and other configuration pass by.

BEGIN {
	FS = ":"
	next_id = 900
}

function free_id()
{
	while (next_id in used)
		next_id++
	used[next_id]
	return next_id
}

function add_group(name)
{
	if (name in gid)
		return
	gid[name] = free_id()
	group_line[name] = name ":x:" gid[name] ":"
	groups[++group_count] = name
}

function add_user(name)
{
	add_group(name)
	if (name in user_line)
		return
	user_line[name] = name ":x:" gid[name] ":" gid[name] "::/nonexistent:/usr/sbin/nologin"
	users[++user_count] = name
}

function add_member(name, group)
{
	add_group(group)
	group_line[group] = group_line[group] (group_line[group] ~ /:$/ ? "" : ",") name
}

FILENAME ~ /group$/ {
	used[$3]
	gid[$1] = $3
	group_line[$1] = $0
	groups[++group_count] = $1
	next
}

FILENAME ~ /passwd$/ {
	used[$3]
	user_line[$1] = $0
	users[++user_count] = $1
	next
}

{ split($0, word, /[ \t]+/) }
word[1] == "g" { add_group(word[2]) }
word[1] == "u" { add_user(word[2]) }
word[1] == "m" { add_user(word[2]); add_member(word[2], word[3]) }

END {
	for (i = 1; i <= group_count; i++)
		print group_line[groups[i]] > (folder "/group.lab")
	for (i = 1; i <= user_count; i++)
		print user_line[users[i]] > (folder "/passwd.lab")
}
