/* Runs `SIGNALBOX serve ARGUMENTS...` as a container does whose rules forbid io_uring. */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static int forbid_io_uring(void) {
  struct sock_filter rules[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_io_uring_setup, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const struct sock_fprog program = {sizeof rules / sizeof *rules, rules};
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

int main(int argc, char** argv) {
  char** const command = calloc((size_t)argc + 2, sizeof *command);
  if (command == NULL || !forbid_io_uring()) {
    perror("without_io_uring");
    return 1;
  }
  command[0] = SIGNALBOX_BINARY;
  command[1] = "serve";
  for (int i = 1; i < argc; ++i) command[i + 1] = argv[i];
  execv(command[0], command);
  perror(command[0]);
  return 1;
}
