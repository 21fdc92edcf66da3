-- id: DOS-12
-- title: Lift the limit of temporary files
-- attacker: injected
-- expect: blocked
-- answer: 42501
-- wins: done
-- naive: blocked
-- why: A superuser's setting, in any design: this is why pinning it (DOS-11) is worth something.

SET LOCAL temp_file_limit = -1;
