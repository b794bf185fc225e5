-- Policies: the rules that a day was concluded and counted by.
-- 判读规则维度：各日得出结论与统计所依据的规则。
-- grain: a version of a policy
-- 粒度：一个规则版本
-- key: policy_version
-- reads: policy
-- column policy_version: hash of the rules | 规则版本
-- column name: its name | 名称
-- column rules: all settings as JSON | 全部设置（JSON）
select
    policy_version,
    name,
    rules
from policy
