-- id: DOS-11
-- title: Fill the disk with temporary files
-- attacker: injected
-- expect: blocked
-- answer: nothing
-- wins: true
-- needs: harden
-- objects: harden
-- why: The limit is -1 unless somebody sets it; a session cannot lift it by itself.

SELECT current_setting('temp_file_limit') = '-1';
