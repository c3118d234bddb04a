/* ringproof-seal [--refuse ADDRESS]... [--alias ADDRESS/PREFIX]... [--capture] [--user UID:GID] [-- COMMAND [ARGUMENT]...]
 *
 * Seals the network of the container that it runs in: afterwards its packets reach the container's own networks and
 * nothing else. On Docker's internal networks a container has a default route by the bridge's address. That address is
 * the host's, so every process of the host that listens on 0.0.0.0 is reachable there; what goes elsewhere is dropped
 * by the host's firewall without an answer, and a connect() hangs. The seal
 *
 *   - adds each ADDRESS of --alias to the interface whose network contains it;
 *   - deletes every IPv4 route that has a gateway, or is a default route;
 *   - has the kernel reject packets to each ADDRESS of --refuse (the host's own, in each of the networks);
 *   - proves that it is so: by the kernel's tables, and by trying to reach what must be out of reach;
 *   - with --capture, opens a packet socket (packet(7)) that takes the SIP of this network namespace and nothing else,
 *     and leaves it to COMMAND, which reads its number in RINGPROOF_CAPTURE;
 *   - with --user, becomes that user, gives up all capabilities for good, and the right to get any by exec;
 *   - runs COMMAND in its own place, or ends with 0.
 *
 * When any of it fails it says why in one sentence on stderr, runs nothing and ends with 78 (EX_CONFIG). It needs
 * CAP_NET_ADMIN, for --capture CAP_NET_RAW, and for --user CAP_SETUID, CAP_SETGID and CAP_SETPCAP.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <grp.h>
#include <ifaddrs.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <net/route.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sysexits.h>
#include <unistd.h>

#define NOWHERE "198.18.0.1" /* RFC 2544: for benchmarks of routers; no network of Ringproof has it */
#define DISCARD 9            /* the port that is tried */

__attribute__((noreturn, format(printf, 1, 2))) static void refuse(const char *format, ...) {
    va_list values;
    va_start(values, format);
    fputs("ringproof: ", stderr);
    vfprintf(stderr, format, values);
    fputc('\n', stderr);
    exit(EX_CONFIG);
}

/* Ends the program when something has failed; errno says why. */
static void must(long result, const char *needed, const char *what, const char *of) {
    if (result >= 0)
        return;
    if (errno == EPERM)
        refuse("this container may not %s%s (%s): it needs %s, which this engine or kernel does not give it", what, of,
               strerror(errno), needed);
    refuse("this container cannot %s%s: %s", what, of, strerror(errno));
}

static int new_socket(int kind) {
    int made = socket(AF_INET, kind | SOCK_CLOEXEC, 0);
    must(made, "sockets", "open a socket", "");
    return made;
}

static FILE *open_table(const char *path) {
    FILE *table = fopen(path, "re");
    must(table ? 0 : -1, "/proc", "read ", path);
    return table;
}

static struct sockaddr at(in_addr_t address) {
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(DISCARD), .sin_addr = {address}};
    struct sockaddr any;
    memcpy(&any, &in, sizeof any);
    return any;
}

static in_addr_t address_of(const struct sockaddr *any) {
    struct sockaddr_in in;
    memcpy(&in, any, sizeof in);
    return in.sin_addr.s_addr;
}

static const char *text_of(in_addr_t address) { return inet_ntoa((struct in_addr){address}); }

static in_addr_t read_address(const char *text) {
    struct in_addr address;
    if (inet_pton(AF_INET, text, &address) != 1)
        refuse("%s is no IPv4 address", text);
    return address.s_addr;
}

/* Reads a number that ends the text, or is followed by `end`; returns what comes behind that. */
static const char *read_number(const char *text, char end, unsigned long most, unsigned long *number) {
    char *rest;
    errno = 0;
    *number = strtoul(text, &rest, 10);
    bool good = *text >= '0' && *text <= '9' && !errno && *number <= most && *rest == end;
    return good ? rest + 1 : NULL;
}

/* ---- changing the network */
struct alias {
    in_addr_t address;
    unsigned long prefix;
};

static struct alias read_alias(char *text) {
    struct alias alias;
    char *slash = strchr(text, '/');
    if (!slash || !read_number(slash + 1, 0, 32, &alias.prefix) || !alias.prefix)
        refuse("--alias %s is no address with the length of its network's prefix: 198.51.100.7/24 is one", text);
    *slash = 0;
    alias.address = read_address(text);
    return alias;
}

static void add_alias(int control, struct alias alias) {
    struct ifaddrs *all;
    struct ifreq asked = {0};
    char name[IFNAMSIZ] = "";
    must(getifaddrs(&all), "netlink", "read its own addresses", "");
    for (struct ifaddrs *each = all; each; each = each->ifa_next) {
        if (!each->ifa_addr || each->ifa_addr->sa_family != AF_INET)
            continue;
        in_addr_t own = address_of(each->ifa_addr);
        if (own == alias.address) {
            freeifaddrs(all);
            return;
        }
        if (!((own ^ alias.address) & address_of(each->ifa_netmask)))
            snprintf(name, sizeof name, "%.*s", (int)strcspn(each->ifa_name, ":"), each->ifa_name);
    }
    freeifaddrs(all);
    if (!*name)
        refuse("no network of this container contains the address %s", text_of(alias.address));
    for (int number = 1; number == 1 || ioctl(control, SIOCGIFADDR, &asked) == 0; number++) { /* the first free label */
        memset(&asked, 0, sizeof asked);
        if (snprintf(asked.ifr_name, sizeof asked.ifr_name, "%s:%d", name, number) >= (int)sizeof asked.ifr_name)
            refuse("the interface %s takes no further address: its name is too long", name);
    }
    asked.ifr_addr = at(alias.address);
    must(ioctl(control, SIOCSIFADDR, &asked), "CAP_NET_ADMIN", "add the address ", text_of(alias.address));
    asked.ifr_netmask = at(htonl(UINT32_MAX << (32 - alias.prefix)));
    must(ioctl(control, SIOCSIFNETMASK, &asked), "CAP_NET_ADMIN", "set the netmask of ", text_of(alias.address));
}

struct way {
    char interface[IFNAMSIZ];
    in_addr_t destination, gateway, mask;
};

/* Finds a route that leads out of the container's own networks. */
static bool find_way_out(struct way *way) {
    char line[256];
    bool found = false;
    FILE *table = open_table("/proc/net/route");
    while (!found && fgets(line, sizeof line, table)) {
        unsigned flags;
        found = sscanf(line, "%15s %x %x %x %*d %*d %*d %x", way->interface, &way->destination, &way->gateway, &flags,
                       &way->mask) == 5 && (flags & RTF_GATEWAY || !way->mask);
    }
    fclose(table);
    return found;
}

/* Ends when the kernel's table has none left. */
static void delete_ways_out(int control) {
    struct way way;
    while (find_way_out(&way)) {
        struct rtentry route = {
            .rt_dst = at(way.destination),
            .rt_gateway = at(way.gateway),
            .rt_genmask = at(way.mask),
            .rt_flags = RTF_UP,
            .rt_dev = way.interface[0] == '*' ? NULL : way.interface, /* a route to nowhere has none */
        };
        must(ioctl(control, SIOCDELRT, &route), "CAP_NET_ADMIN", "delete its route to ", text_of(way.destination));
    }
}

static void reject(int control, in_addr_t address) {
    struct rtentry route = {
        .rt_dst = at(address),
        .rt_genmask = at(INADDR_NONE),
        .rt_flags = RTF_UP | RTF_HOST | RTF_REJECT,
    };
    int result = ioctl(control, SIOCADDRT, &route);
    if (result >= 0 || errno != EEXIST) /* sealed before */
        must(result, "CAP_NET_ADMIN", "reject packets to ", text_of(address));
}

/* ---- proving it */
static void prove_no_ipv6(void) {
    char line[128], address[33], interface[IFNAMSIZ];
    if (access("/proc/net/if_inet6", F_OK) && errno == ENOENT) /* a kernel without IPv6 */
        return;
    FILE *table = open_table("/proc/net/if_inet6");
    while (fgets(line, sizeof line, table))
        if (sscanf(line, "%32s %*x %*x %*x %*x %15s", address, interface) != 2 || strcmp(interface, "lo"))
            refuse("this container has the IPv6 address %s on %s: IPv6 is not sealed, so it must be disabled there "
                   "(net.ipv6.conf.all.disable_ipv6=1)", address, interface);
    fclose(table);
}

static void must_be_unreachable(int result, in_addr_t address, const char *call) {
    if (result >= 0 || errno == EINPROGRESS)
        refuse("%s can still be reached from this container: %s found a route", text_of(address), call);
    if (errno != ENETUNREACH && errno != EHOSTUNREACH)
        refuse("it is not certain that %s is out of this container's reach: %s: %s", text_of(address), call,
               strerror(errno));
}

/* The first call looks for a route and sends nothing; only when there is none the others try to send. */
static void prove_unreachable(in_addr_t address) {
    struct sockaddr to = at(address);
    int asks = new_socket(SOCK_DGRAM), sends = new_socket(SOCK_DGRAM), calls = new_socket(SOCK_STREAM | SOCK_NONBLOCK);
    must_be_unreachable(connect(asks, &to, sizeof to), address, "connect() of a datagram socket");
    must_be_unreachable((int)sendto(sends, "", 1, 0, &to, sizeof to), address, "sendto()");
    must_be_unreachable(connect(calls, &to, sizeof to), address, "connect()");
    close(asks);
    close(sends);
    close(calls);
}

/* ---- a capture for whoever has no right to make one */
#define CAPTURE "RINGPROOF_CAPTURE"
#define ROOM (8 << 20) /* bytes that wait to be read: thousands of messages */

/* Seen from the IPv4 header on: UDP whose first byte is a letter, as in every message of SIP and in no packet of RTP; the
 * later fragments of a long message cannot be told from others. */
static void open_capture(void) {
    static struct sock_filter sip[] = {
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 9),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_UDP, 0, 7),
        BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 6),
        BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 0x1fff, 4, 0),
        BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 0),
        BPF_STMT(BPF_LD | BPF_B | BPF_IND, 8),
        BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 'A', 0, 2),
        BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, 'z', 1, 0),
        BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
        BPF_STMT(BPF_RET | BPF_K, 0),
    };
    struct sock_fprog program = {sizeof sip / sizeof *sip, sip};
    char number[16];
    int room = ROOM, on = 1, capture = socket(AF_PACKET, SOCK_DGRAM, 0);
    must(capture, "CAP_NET_RAW", "open a packet socket", "");
    must(setsockopt(capture, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program), "Linux", "filter packets", "");
    must(setsockopt(capture, SOL_SOCKET, SO_LOCK_FILTER, &on, sizeof on), "Linux 3.9", "lock a filter", "");
    if (setsockopt(capture, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room) < 0) /* not in a user namespace */
        must(setsockopt(capture, SOL_SOCKET, SO_RCVBUF, &room, sizeof room), "Linux", "make room for packets", "");
    struct sockaddr_ll all = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL)};
    must(bind(capture, (struct sockaddr *)&all, sizeof all), "CAP_NET_RAW", "capture packets", "");
    snprintf(number, sizeof number, "%d", capture);
    must(setenv(CAPTURE, number, 1), "memory", "set " CAPTURE, "");
}

/* ---- becoming a user who can do nothing */
static void become(uid_t user, gid_t group) {
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {0};
    for (unsigned long one = 0; prctl(PR_CAPBSET_READ, one, 0, 0, 0) >= 0; one++)
        if (prctl(PR_CAPBSET_READ, one, 0, 0, 0))
            must(prctl(PR_CAPBSET_DROP, one, 0, 0, 0), "CAP_SETPCAP", "give up its bounding set", "");
    must(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0), "Linux 4.3", "give up its ambient capabilities", "");
    must(setgroups(0, NULL), "CAP_SETGID", "give up its supplementary groups", "");
    must(setresgid(group, group, group), "CAP_SETGID", "give up its group", "");
    must(setresuid(user, user, user), "CAP_SETUID", "give up its user", "");
    must(syscall(SYS_capset, &header, none), "Linux 2.6.25", "give up its capabilities", "");
    must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "Linux 3.5", "give up the right to new privileges", "");
}

int main(int count, char **words) {
    static const struct option options[] = {
        {"refuse", required_argument, NULL, 'r'},
        {"alias", required_argument, NULL, 'a'},
        {"capture", no_argument, NULL, 'c'},
        {"user", required_argument, NULL, 'u'},
        {0},
    };
    in_addr_t refused[count];
    struct alias aliases[count];
    unsigned long user = 0, group = 0;
    int refusals = 0, added = 0;
    bool drops = false, captures = false;
    opterr = 0;
    for (int option; (option = getopt_long(count, words, "+", options, NULL)) != -1;) {
        const char *rest;
        switch (option) {
        case 'r':
            refused[refusals++] = read_address(optarg);
            break;
        case 'a':
            aliases[added++] = read_alias(optarg);
            break;
        case 'c':
            captures = true;
            break;
        case 'u': /* (uid_t)-1 would mean: as it is */
            drops = (rest = read_number(optarg, ':', UINT32_MAX - 1, &user)) &&
                    read_number(rest, 0, UINT32_MAX - 1, &group);
            if (!drops)
                refuse("--user %s is no UID:GID: 1000:1000 is one", optarg);
            break;
        default:
            refuse("%s is no option of the seal, or lacks its value: it knows --refuse ADDRESS, --alias ADDRESS/PREFIX, "
                   "--capture and --user UID:GID", words[optind - 1]);
        }
    }
    if (drops && !words[optind])
        refuse("--user needs a command to run as that user");
    int control = new_socket(SOCK_DGRAM);
    for (int i = 0; i < added; i++)
        add_alias(control, aliases[i]);
    delete_ways_out(control);
    for (int i = 0; i < refusals; i++)
        reject(control, refused[i]);
    prove_no_ipv6();
    prove_unreachable(read_address(NOWHERE));
    for (int i = 0; i < refusals; i++)
        prove_unreachable(refused[i]);
    close(control);
    if (captures)
        open_capture();
    if (drops)
        become((uid_t)user, (gid_t)group);
    if (!words[optind])
        return EX_OK;
    execvp(words[optind], words + optind);
    refuse("%s cannot be run: %s", words[optind], strerror(errno));
}
