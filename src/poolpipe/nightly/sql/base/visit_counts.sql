-- People not collected by round and community, by whether others of their household were; before small counts are hidden.
-- 未采人数，按轮次与社区、同户是否有人已采（隐去小数之前）。
-- kind: table
-- reads: round_residents, areas
with missed as (
    select
        round,
        area,
        household,
        count(*) as people
    from round_residents
    where collected_at is null
    group by round, area, household
),

begun as (
    -- of the households with somebody who was missed, those with somebody who was not
    select distinct
        round_residents.round,
        round_residents.area,
        round_residents.household
    from round_residents
    semi join missed
        on
            round_residents.round = missed.round
            and round_residents.area = missed.area
            and round_residents.household = missed.household
    where round_residents.collected_at is not null
),

told as (
    select
        missed.round,
        missed.area,
        sum(
            case when missed.household is not null and begun.household is null then missed.people end
        ) as whole_household,
        sum(case when begun.household is not null then missed.people end) as part_of_household,
        sum(case when missed.household is null then missed.people end) as no_household
    from missed
    left join begun
        on missed.round = begun.round and missed.area = begun.area and missed.household = begun.household
    group by missed.round, missed.area
),

rounds as (
    select distinct round
    from round_residents
)

select
    rounds.round,
    areas.township,
    areas.community,
    coalesce(sum(told.whole_household), 0)::bigint as whole_household,
    coalesce(sum(told.part_of_household), 0)::bigint as part_of_household,
    coalesce(sum(told.no_household), 0)::bigint as no_household
from rounds
cross join areas
left join told on rounds.round = told.round and areas.area = told.area
group by rounds.round, areas.township, areas.community
