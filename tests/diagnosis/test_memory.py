"""Memory: killed now, of late, or long ago."""

from tests.diagnosis.builders import App, ago, causes, container, crashing, diagnose, notices, running, said, terminated


def test_killed_again_and_again():
    app = App()
    app.state(crashing(app.spec["containers"][0], 137, "OOMKilled"))

    found = diagnose(app)

    assert causes(found) == ["oom-killed"]
    assert "256Mi" in said(found)
    assert found.findings[0].remedies[0].params["memory_limit"] == "512Mi"


def test_killed_minutes_ago_and_up_again_is_a_warning():
    app = App()
    app.state(
        running(
            app.spec["containers"][0],
            ago(minutes=9),
            restarts=5,
            last=terminated(137, "OOMKilled", minutes=9, lived_s=600),
        ),
        ready=True,
    )

    found = diagnose(app)

    assert causes(found) == ["oom-killed"]
    assert found.findings[0].severity == "warning"


def test_killed_nine_days_ago_is_a_notice():
    app = App()
    app.state(
        running(
            app.spec["containers"][0], ago(days=9), restarts=1, last=terminated(137, "OOMKilled", minutes=9 * 1440)
        ),
        ready=True,
    )

    found = diagnose(app)

    assert causes(found) == []
    assert notices(found) == ["past-restarts"]
    assert found.healthy


def test_a_kill_every_few_days_while_the_service_is_up_is_a_notice():
    app = App(made=ago(days=60))
    app.state(
        running(app.spec["containers"][0], ago(hours=20), restarts=14, last=terminated(137, "OOMKilled", minutes=1200)),
        ready=True,
    )

    assert causes(diagnose(app)) == []


def test_a_program_out_of_its_own_heap_is_not_killed_for_memory():
    app = App()
    app.state(crashing(app.spec["containers"][0], 134)).log(
        "FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory"
    )

    assert causes(diagnose(app)) == ["app-exception"]


def test_without_a_limit_the_finding_says_so():
    app = App(containers=[container(resources={})])
    app.state(crashing(app.spec["containers"][0], 137, "OOMKilled"))

    assert "no limit" in said(diagnose(app))
