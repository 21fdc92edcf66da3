-- id: DOS-13
-- title: Take the server's memory
-- attacker: injected
-- expect: residual
-- wins: done
-- why: work_mem and hash_mem_multiplier may be changed by every session.
-- remedy: A memory limit of the operating system (cgroup) for the server, few connections in the pool.

SET LOCAL work_mem = '2GB';
SET LOCAL hash_mem_multiplier = 1000;
