// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "clock.h"
#include "frame.h"
#include "log.h"
#include "mnd.h"
#include "policy.h"
#include "rpc.h"
#include "server.h"
#include "telemetry.h"
#include "treatment.h"
#include "users.h"

/*
 * Lines of one connection in a turn of the loop, so that nobody's flood keeps another's stop
 * waiting
 */
#define LINES_A_TURN 16
#define TURN_NS 5000000
#define ACCEPTS_A_TURN 16
/* Beyond this, answers to a peer that does not read are dropped; its stops are still obeyed */
#define BACKLOG_MAX (4U << 20)

struct conn_io {
	struct conn *conn;
	int fd;
	bool eof; /* the peer sends no more; it may still read */
	bool broken; /* the peer cannot be written to */
	bool in_turn; /* lines are being handled, output is flushed after them */
	uint64_t unanswered;
	struct mn_frame frame;
	struct evbuffer *out;
	struct event readable;
	struct event writable;
	struct event more; /* whole lines wait, or the connection is to be closed */
	struct event hello_deadline;
	struct event line_deadline;
};

struct server {
	struct mnd *mnd;
	int fd;
	struct event *accept;
	bool accepting;
	bool own_path; /* we made the socket's file */
	TAILQ_HEAD(, conn) conns;
	unsigned int count;
};

static void conn_close(struct conn *conn)
{
	struct server *server = conn->mnd->server;
	struct conn_io *io = conn->io;
	struct rpc_call *call;

	treatment_owner_gone(conn);
	telemetry_drop(conn);
	while ((call = LIST_FIRST(&conn->calls))) {
		LIST_REMOVE(call, link);
		call->conn = NULL;
	}
	if (io->unanswered)
		log_warning("pid %d did not read: %llu answers were dropped", conn->peer.pid,
			    (unsigned long long)io->unanswered);
	event_del(&io->readable);
	event_del(&io->writable);
	event_del(&io->more);
	event_del(&io->hello_deadline);
	event_del(&io->line_deadline);
	close(io->fd);
	evbuffer_free(io->out);
	mn_frame_free(&io->frame);
	TAILQ_REMOVE(&server->conns, conn, link);
	server->count--;
	/* Listening pauses when descriptors run out */
	if (!server->accepting && server->accept && !event_add(server->accept, NULL))
		server->accepting = true;
	free(io);
	free(conn);
}

/* Come back to this connection in the next turn */
static void conn_later(struct conn_io *io)
{
	static const struct timeval now;

	event_add(&io->more, &now);
}

static void flush_out(struct conn_io *io)
{
	while (evbuffer_get_length(io->out)) {
		int sent = evbuffer_write(io->out, io->fd);

		if (sent <= 0) {
			if (sent < 0 && (errno == EAGAIN || errno == EINTR)) {
				event_add(&io->writable, NULL);
				return;
			}
			/* The peer is gone for writing; what it sent may still hold a stop */
			evbuffer_drain(io->out, evbuffer_get_length(io->out));
			io->broken = true;
			conn_later(io);
			return;
		}
	}
}

void conn_send(struct conn *conn, const char *line, size_t length)
{
	struct conn_io *io = conn->io;

	if (io->broken)
		return;
	if (evbuffer_get_length(io->out) + length > BACKLOG_MAX ||
	    evbuffer_add(io->out, line, length)) {
		io->unanswered++;
		return;
	}
	if (!io->in_turn && !event_pending(&io->writable, EV_WRITE, NULL))
		flush_out(io);
}

size_t conn_backlog(const struct conn *conn)
{
	return evbuffer_get_length(conn->io->out);
}

void conn_greeted(struct conn *conn)
{
	conn->hello = true;
	event_del(&conn->io->hello_deadline);
}

void conn_call_over(struct conn *conn)
{
	conn->in_flight--;
	if (conn->io->eof && !conn->io->in_turn)
		conn_later(conn->io);
}

static bool conn_is_over(const struct conn *conn)
{
	const struct conn_io *io = conn->io;

	return io->eof && (io->broken || (!conn->in_flight && !evbuffer_get_length(io->out)));
}

/* Handle some lines; true if there may be more */
static bool conn_lines(struct conn *conn)
{
	struct conn_io *io = conn->io;
	int64_t begin_ns = clock_mono_ns();
	size_t length;
	char *line;

	for (int i = 0; i < LINES_A_TURN && clock_mono_ns() - begin_ns < TURN_NS; i++) {
		enum mn_frame_result result = mn_frame_next(&io->frame, &line, &length);

		/* The deadline is that of a line which is over now */
		if (result != MN_FRAME_MORE && !io->frame.skipping)
			event_del(&io->line_deadline);
		switch (result) {
		case MN_FRAME_MORE:
			return false;
		case MN_FRAME_LINE:
			if (strspn(line, " \t\r") == length)
				break;
			rpc_line(conn, line, length);
			break;
		case MN_FRAME_TOO_LONG:
			rpc_complain(conn, MN_ERROR_INVALID_REQUEST, "line_too_long",
				     "A line has at most 65536 bytes; this one was dropped.");
			break;
		case MN_FRAME_NUL:
			rpc_complain(conn, MN_ERROR_PARSE, NULL,
				     "The line holds a NUL byte, which JSON does not allow.");
			break;
		}
	}
	return true;
}

/* What was read is handled a few lines at a time; nothing is read while lines wait */
static void conn_turn(struct conn *conn)
{
	static const struct timeval deadline = { .tv_sec = SERVER_LINE_S };
	struct conn_io *io = conn->io;
	bool more;

	io->in_turn = true;
	more = conn_lines(conn);
	io->in_turn = false;
	if (!io->broken && !event_pending(&io->writable, EV_WRITE, NULL))
		flush_out(io);

	if (io->eof && !more) {
		treatment_owner_gone(conn);
		telemetry_drop(conn);
		if (conn_is_over(conn)) {
			conn_close(conn);
			return;
		}
	}
	if (more) {
		event_del(&io->readable);
		conn_later(io);
		return;
	}
	if (!io->eof && !event_pending(&io->readable, EV_READ, NULL))
		event_add(&io->readable, NULL);
	if (io->eof || !mn_frame_partial(&io->frame))
		event_del(&io->line_deadline);
	else if (!event_pending(&io->line_deadline, EV_TIMEOUT, NULL))
		event_add(&io->line_deadline, &deadline);
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct conn *conn = arg;
	struct conn_io *io = conn->io;
	size_t room;
	char *space = mn_frame_space(&io->frame, &room);
	ssize_t got;

	(void)what;
	if (!space) {
		log_error("pid %d was disconnected: no memory", conn->peer.pid);
		conn_close(conn);
		return;
	}
	got = read((int)fd, space, room);
	if (got < 0) {
		if (errno == EAGAIN || errno == EINTR)
			return;
		got = 0;
		io->broken = true;
	}
	if (!got) {
		io->eof = true;
		event_del(&io->readable);
		event_del(&io->hello_deadline);
	}
	mn_frame_commit(&io->frame, (size_t)got);
	conn_turn(conn);
}

static void on_more(evutil_socket_t fd, short what, void *arg)
{
	struct conn *conn = arg;

	(void)fd;
	(void)what;
	conn_turn(conn);
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
	struct conn *conn = arg;

	(void)fd;
	(void)what;
	flush_out(conn->io);
	if (conn_is_over(conn))
		conn_close(conn);
}

/* Say why, as far as the peer takes it, and close */
static void conn_expel(struct conn *conn, const char *name, const char *why)
{
	rpc_complain(conn, MN_ERROR_INVALID_REQUEST, name, why);
	conn_close(conn);
}

static void on_hello_deadline(evutil_socket_t fd, short what, void *arg)
{
	struct conn *conn = arg;

	(void)fd;
	(void)what;
	conn_expel(conn, "hello_timeout",
		   "No rpc.hello came within 10 s; the connection is closed.");
}

static void on_line_deadline(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	conn_expel(arg, "line_timeout",
		   "A line was begun and not finished within 2 s; the connection is closed.");
}

static int get_peer(int fd, const struct policy_groups *groups, struct peer *peer)
{
	struct ucred cred;
	socklen_t size = sizeof(cred);
	gid_t gids[1024];
	socklen_t gids_size = sizeof(gids) - sizeof(gid_t);
	size_t count;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &size))
		return -1;
	gids[0] = cred.gid;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, gids + 1, &gids_size)) {
		/* More groups than we look at: count as in none but its own */
		gids_size = 0;
		log_warning("pid %d: its supplementary groups cannot be read: %s", cred.pid,
			    strerror(errno));
	}
	count = 1 + gids_size / sizeof(gid_t);
	peer->uid = cred.uid;
	peer->pid = cred.pid;
	peer->roles = policy_roles(groups, cred.uid, gids, count);
	return 0;
}

/* Why the peer is not let in, or NULL */
static const char *over_limit(const struct server *server, const struct peer *peer)
{
	struct conn *conn;
	unsigned int own = 0;

	if (server->count >= SERVER_CONNECTIONS)
		return "The daemon has 512 connections already; close some.";
	if (server->count >= SERVER_CONNECTIONS - SERVER_RESERVE &&
	    !(peer->roles & (ROLE_SERVICE | ROLE_ROOT)) &&
	    !treatment_owned_by(server->mnd, peer->uid))
		return "The daemon has few connections left; they are kept for the session's owner and service.";
	TAILQ_FOREACH(conn, &server->conns, link)
		if (conn->peer.uid == peer->uid && ++own >= SERVER_PER_USER)
			return "This user has 32 connections already; close some.";
	return NULL;
}

static void turn_away(int fd, const char *why)
{
	char line[320];
	int length = snprintf(
		line, sizeof(line),
		"{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":%d,\"message\":\"%s\","
		"\"data\":{\"name\":\"too_many\"}}}\n",
		MN_ERROR_TOO_MANY, why);

	/* A new socket's buffer is empty: this neither blocks nor stops short */
	send(fd, line, (size_t)length, MSG_DONTWAIT | MSG_NOSIGNAL);
	close(fd);
}

static struct conn *conn_new(struct server *server, int fd, const struct peer *peer)
{
	static const struct timeval deadline = { .tv_sec = SERVER_HELLO_S };
	struct event_base *base = server->mnd->base;
	struct conn *conn = calloc(1, sizeof(*conn));
	struct conn_io *io = calloc(1, sizeof(*io));

	if (io)
		io->out = evbuffer_new();
	if (!conn || !io || !io->out) {
		free(conn);
		free(io);
		return NULL;
	}
	conn->mnd = server->mnd;
	conn->peer = *peer;
	conn->io = io;
	LIST_INIT(&conn->calls);
	LIST_INIT(&conn->subscriptions);
	io->conn = conn;
	io->fd = fd;
	mn_frame_init(&io->frame, MN_LINE_BYTES);
	event_assign(&io->readable, base, fd, EV_READ | EV_PERSIST, on_readable, conn);
	event_assign(&io->writable, base, fd, EV_WRITE, on_writable, conn);
	evtimer_assign(&io->more, base, on_more, conn);
	evtimer_assign(&io->hello_deadline, base, on_hello_deadline, conn);
	evtimer_assign(&io->line_deadline, base, on_line_deadline, conn);
	event_add(&io->readable, NULL);
	event_add(&io->hello_deadline, &deadline);
	TAILQ_INSERT_TAIL(&server->conns, conn, link);
	server->count++;
	return conn;
}

static void let_in(struct server *server, int fd)
{
	struct mnd *mnd = server->mnd;
	struct peer peer;
	const char *why;

	if (get_peer(fd, &mnd->policy.groups, &peer)) {
		log_warning("a connection without credentials was refused: %s", strerror(errno));
		close(fd);
		return;
	}
	why = over_limit(server, &peer);
	if (why) {
		turn_away(fd, why);
		return;
	}
	if (!conn_new(server, fd, &peer)) {
		turn_away(fd, "The daemon is out of memory.");
		return;
	}
	users_prefetch(mnd, peer.uid);
}

static void on_accept(evutil_socket_t listener, short what, void *arg)
{
	struct server *server = arg;

	(void)what;
	for (int i = 0; i < ACCEPTS_A_TURN; i++) {
		int fd = accept4((int)listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd >= 0) {
			let_in(server, fd);
			continue;
		}
		if (errno == EMFILE || errno == ENFILE) {
			log_error("out of descriptors: no connections until one is closed");
			event_del(server->accept);
			server->accepting = false;
		}
		return;
	}
}

static bool set_address(struct sockaddr_un *address, const char *path, const char *suffix)
{
	int length = snprintf(address->sun_path, sizeof(address->sun_path), "%s%s", path, suffix);

	address->sun_family = AF_UNIX;
	if (length < (int)sizeof(address->sun_path))
		return true;
	errno = ENAMETOOLONG;
	return false;
}

/* A socket left behind by a daemon that died refuses connections; one in use does not */
static bool is_free(const struct sockaddr_un *address)
{
	int fd, error;
	struct stat status;

	if (!lstat(address->sun_path, &status) && !S_ISSOCK(status.st_mode)) {
		errno = EEXIST;
		return false;
	}
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return false;
	error = connect(fd, (const struct sockaddr *)address, sizeof(*address)) ? errno : 0;
	close(fd);
	if (error == ECONNREFUSED || error == ENOENT)
		return true;
	errno = !error || error == EAGAIN ? EADDRINUSE : error;
	return false;
}

/*
 * The socket appears under its name only once it listens and has its mode, so that a client that
 * finds it is let in.
 */
static int listen_on(const char *path)
{
	struct sockaddr_un address = { 0 }, fresh = { 0 };
	int fd, error;

	if (!set_address(&address, path, "") || !set_address(&fresh, path, ".new") ||
	    !is_free(&address))
		return -1;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -1;
	unlink(fresh.sun_path);
	/* Who may do what is decided by the peer's groups, and anyone may stop */
	if (!bind(fd, (struct sockaddr *)&fresh, sizeof(fresh)) && !chmod(fresh.sun_path, 0666) &&
	    !listen(fd, SERVER_CONNECTIONS) && !rename(fresh.sun_path, path))
		return fd;
	error = errno;
	close(fd);
	unlink(fresh.sun_path);
	errno = error;
	return -1;
}

int server_start(struct mnd *mnd)
{
	struct server *server = calloc(1, sizeof(*server));
	int passed = sd_listen_fds(1);

	if (!server)
		return -1;
	mnd->server = server;
	server->mnd = mnd;
	server->fd = -1;
	TAILQ_INIT(&server->conns);
	if (passed > 1 ||
	    (passed == 1 && sd_is_socket_unix(SD_LISTEN_FDS_START, SOCK_STREAM, 1, NULL, 0) <= 0)) {
		log_error(
			"systemd must pass one listening Unix stream socket; look at microneedled.socket");
		return -1;
	}
	if (passed) {
		server->fd = SD_LISTEN_FDS_START;
		evutil_make_socket_nonblocking(server->fd);
	} else {
		server->fd = listen_on(mnd->options.socket);
		server->own_path = server->fd >= 0;
	}
	if (server->fd < 0) {
		log_error("%s: %s%s", mnd->options.socket, strerror(errno),
			  errno == EADDRINUSE ? "; another microneedled serves it" : "");
		return -1;
	}
	server->accept = event_new(mnd->base, server->fd, EV_READ | EV_PERSIST, on_accept, server);
	if (!server->accept || event_add(server->accept, NULL)) {
		log_error("the socket cannot be watched: no memory");
		return -1;
	}
	server->accepting = true;
	return 0;
}

void server_stop_listening(struct mnd *mnd)
{
	struct server *server = mnd->server;

	if (server->accept)
		event_free(server->accept);
	server->accept = NULL;
	server->accepting = false;
	if (server->own_path)
		unlink(mnd->options.socket);
	if (server->fd >= 0)
		close(server->fd);
	server->fd = -1;
}

void server_free(struct mnd *mnd)
{
	struct server *server = mnd->server;
	struct conn *conn;

	if (!server)
		return;
	server_stop_listening(mnd);
	while ((conn = TAILQ_FIRST(&server->conns)))
		/* It leaves the list before it is freed, which the analyzer cannot see */
		conn_close(conn); /* NOLINT(clang-analyzer-unix.Malloc) */
	free(server);
	mnd->server = NULL;
}
