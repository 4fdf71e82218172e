"""Asking for closed cases again, as their reporters and the district's dispatcher do."""

from flows.story import key, moved, upload


def reopened(client, desk, case, report=None, headers=None):
    """A closed case after its reporter asked for it again and the dispatcher granted it."""
    url = f"/v1/reports/{(report or desk.report)['id']}/reopen"
    asked = client.post(url, json={"text": "又坏了"}, headers={**(headers or desk.liu), **key()})
    assert asked.status_code == 201, asked.text
    granted = decided(client, desk.qian, asked.json())
    assert granted.status_code == 200, granted.text
    return read(client, desk.qian, case)


def decided(client, headers, asked, **more):
    url = f"/v1/approvals/{asked['id']}/decision"
    body = {"granted": True, "answer": "同意重新办理", **more}
    return client.post(url, json=body, headers={**headers, **key()})


def read(client, headers, case):
    answer = client.get(f"/v1/cases/{case['id']}", headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


def closed_again(client, desk, case, outcome="fixed"):
    """A case that was reopened, handled and closed once more."""
    case = moved(client, desk.wang, case, "accept")
    photo = upload(client, desk.wang)
    case = moved(client, desk.wang, case, "resolve", photo_ids=[photo], note="又修好了")
    return moved(client, desk.sun, case, "close", outcome=outcome)
